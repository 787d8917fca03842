#include "udev/monitor.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "udev/recognise.h"

namespace latchkey::udev {
namespace {

constexpr char kSubsystem[] = "hidraw";
// Room for a few thousand events. Without CAP_NET_ADMIN the kernel grants less; rescan covers the
// rest.
constexpr int kReceiveBuffer = 4 * 1024 * 1024;
constexpr int kMaxEventsPerCall = 1000;

MonitorHandle subscribe(::udev* context) {
  // "udev", not "kernel": events that udevd has handled, so that node and rights exist when they
  // arrive.
  MonitorHandle monitor(udev_monitor_new_from_netlink(context, "udev"));
  if (!monitor) return nullptr;
  if (udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), kSubsystem, nullptr) < 0)
    return nullptr;
  udev_monitor_set_receive_buffer_size(monitor.get(), kReceiveBuffer);
  if (udev_monitor_enable_receiving(monitor.get()) < 0) return nullptr;
  return monitor;
}

}  // namespace

Result<std::unique_ptr<Monitor>> Monitor::create(Observer& observer,
                                                 std::span<const KnownKey> known) {
  Context context(udev_new());
  MonitorHandle monitor = context ? subscribe(context.get()) : nullptr;
  if (!monitor)
    return fail("udev-unavailable", "USB events cannot be received from udev.",
                "Allow the service AF_NETLINK sockets and the /sys and /run/udev directories.");
  return std::unique_ptr<Monitor>(
      new Monitor(observer, known, std::move(context), std::move(monitor)));
}

Monitor::Monitor(Observer& observer, std::span<const KnownKey> known, Context context,
                 MonitorHandle monitor)
    : observer_(observer),
      known_(known),
      context_(std::move(context)),
      monitor_(std::move(monitor)) {}

void Monitor::start() {
  rescan();
  observer_.on_settled();
}

void Monitor::handle_readable() {
  bool lost = false;
  for (int count = 0; count < kMaxEventsPerCall; ++count)
    if (!receive_one(lost)) break;
  if (lost) rescan();
}

bool Monitor::receive_one(bool& lost) {
  errno = 0;
  const Device event(udev_monitor_receive_device(monitor_.get()));
  if (!event) {
    if (errno == ENOBUFS) lost = true;
    // libudev answers EAGAIN for a message that it refuses as well (a forged sender), so ask the
    // socket.
    return is_readable();
  }
  const std::string syspath = udev_device_get_syspath(event.get());
  const char* action = udev_device_get_action(event.get());
  if (action && std::string_view(action) == "remove")
    remove(syspath);  // not by a look: the kernel sends this shortly before the path goes
  else
    look(syspath);
  return true;
}

bool Monitor::is_readable() const {
  pollfd waiting{.fd = fd(), .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, 0) == 1 && (waiting.revents & (POLLIN | POLLERR)) != 0;
}

void Monitor::rescan() {
  const Enumerate scan(udev_enumerate_new(context_.get()));
  if (!scan || udev_enumerate_add_match_subsystem(scan.get(), kSubsystem) < 0 ||
      udev_enumerate_scan_devices(scan.get()) < 0)
    return;  // sysfs could not be read: that says nothing about the keys
  std::set<std::string> paths;
  udev_list_entry* entry = nullptr;
  udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(scan.get()))
      paths.insert(udev_list_entry_get_name(entry));
  for (const auto& [syspath, device] : std::map(present_))
    if (!paths.contains(syspath)) remove(syspath);
  for (const auto& syspath : paths) look(syspath);
}

void Monitor::look(const std::string& syspath) {
  const Device device(udev_device_new_from_syspath(context_.get(), syspath.c_str()));
  const auto key = device ? recognise(device.get(), known_) : std::nullopt;
  const auto known = present_.find(syspath);
  const bool was_present = known != present_.end();
  if (was_present && key == known->second) return;
  if (was_present) remove(syspath);
  if (key && is_ready(device.get())) add(syspath, *key);
}

// A scan can see a node before udevd has set its group; its event comes when that is done. Without
// udevd (a container) nobody will ever set it.
bool Monitor::is_ready(udev_device* device) const {
  return udev_device_get_is_initialized(device) > 0 || access("/run/udev/control", F_OK) != 0;
}

void Monitor::add(const std::string& syspath, const DeviceRef& device) {
  // One key is one USB device, whichever of its HID interfaces is seen first.
  const bool reported = std::ranges::any_of(
      present_, [&](const auto& entry) { return entry.second.port == device.port; });
  if (reported) return;
  present_.emplace(syspath, device);
  observer_.on_added(device);
}

void Monitor::remove(const std::string& syspath) {
  const auto removed = present_.extract(syspath);
  if (removed) observer_.on_removed(removed.mapped().port);
}

}  // namespace latchkey::udev
