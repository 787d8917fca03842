#include "udev/monitor.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "udev/scan.h"

namespace latchkey::udev {
namespace {

// Room for a few thousand events. Without CAP_NET_ADMIN the kernel grants less; rescan covers the
// rest.
constexpr int kReceiveBuffer = 4 * 1024 * 1024;
constexpr int kMaxEventsPerCall = 1000;

MonitorHandle subscribe(::udev* context) {
  // "udev", not "kernel": events that udevd has handled, so that node and rights exist when they
  // arrive.
  MonitorHandle monitor(udev_monitor_new_from_netlink(context, "udev"));
  if (!monitor) return nullptr;
  if (udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), "hidraw", nullptr) < 0 ||
      udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), "usb", "usb_device") < 0)
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
  const char* action = udev_device_get_action(event.get());
  if (action && std::string_view(action) == "remove")
    // Not by a look: the kernel sends this shortly before the path goes.
    removed(udev_device_get_syspath(event.get()));
  else if (const auto usb = usb_device_of(event.get()))
    look(*usb);
  return true;
}

bool Monitor::is_readable() const {
  pollfd waiting{.fd = fd(), .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, 0) == 1 && (waiting.revents & (POLLIN | POLLERR)) != 0;
}

void Monitor::rescan() {
  std::set<std::uint8_t> classes;
  for (const auto& key : known_)
    if (key.interface_class != 0) classes.insert(key.interface_class);
  const auto paths = scan_usb(context_.get(), classes);
  if (!paths) return;
  for (const auto& [usb, key] : std::map(present_))
    if (!paths->contains(usb)) remove(usb);
  for (const auto& usb : *paths) look(usb);
}

void Monitor::look(const std::string& usb) {
  const auto device = at(usb);
  const auto key = device ? recognise(device.get(), known_) : std::nullopt;
  const auto known = present_.find(usb);
  const bool was_present = known != present_.end();
  // A second node of the same key does not take the place of the one that was reported.
  if (was_present && key && key->device.port == known->second.device.port &&
      at(known->second.node_path))
    return;
  if (was_present) remove(usb);
  if (!key || !is_ready(key->node_path)) return;
  present_.emplace(usb, *key);
  observer_.on_added(key->device);
}

// A scan can see a node before udevd has set its group; its event comes when that is done. Without
// udevd (a container) nobody will ever set it.
bool Monitor::is_ready(const std::string& syspath) const {
  const auto device = at(syspath);
  return device && (udev_device_get_is_initialized(device.get()) > 0 ||
                    access("/run/udev/control", F_OK) != 0);
}

Device Monitor::at(const std::string& syspath) const {
  return Device(udev_device_new_from_syspath(context_.get(), syspath.c_str()));
}

void Monitor::remove(const std::string& usb) {
  const auto gone = present_.extract(usb);
  if (gone) observer_.on_removed(gone.mapped().device.port);
}

/// `syspath` is leaving: the USB device itself, or what had the node of its key.
void Monitor::removed(const std::string& syspath) {
  const auto found = std::ranges::find_if(present_, [&](const auto& entry) {
    return entry.first == syspath || entry.second.node_path == syspath;
  });
  if (found != present_.end()) remove(std::string(found->first));
}

}  // namespace latchkey::udev
