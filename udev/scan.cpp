#include "udev/scan.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace latchkey::udev {
namespace {

/// A scan of one subsystem, in the flat directory that sysfs has of it.
class Scan {
 public:
  Scan(::udev* context, const char* subsystem)
      : context_(context), scan_(udev_enumerate_new(context)) {
    usable_ = scan_ && udev_enumerate_add_match_subsystem(scan_.get(), subsystem) >= 0;
  }
  Scan& match_name(const std::string& pattern) {
    usable_ = usable_ && udev_enumerate_add_match_sysname(scan_.get(), pattern.c_str()) >= 0;
    return *this;
  }
  Scan& match_class(std::uint8_t interface_class) {
    std::array<char, 3> value{};
    std::snprintf(value.data(), value.size(), "%02x", interface_class);
    usable_ = usable_ &&
              udev_enumerate_add_match_sysattr(scan_.get(), "bInterfaceClass", value.data()) >= 0;
    return *this;
  }
  bool run() { return usable_ && udev_enumerate_scan_devices(scan_.get()) >= 0; }

  /// After run(): `visit` gets each device that still is there, by sysfs path.
  template <class Visit>
  void each(Visit visit) {
    udev_list_entry* entry = nullptr;
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(scan_.get())) {
      Device device(udev_device_new_from_syspath(context_, udev_list_entry_get_name(entry)));
      if (device) visit(std::move(device));
    }
  }
  bool any() { return run() && udev_enumerate_get_list_entry(scan_.get()) != nullptr; }

 private:
  ::udev* context_;
  Enumerate scan_;
  bool usable_ = false;
};

bool collect(Scan scan, std::set<std::string>& paths) {
  if (!scan.run()) return false;
  scan.each([&](const Device& device) {
    if (auto usb = usb_device_of(device.get())) paths.insert(*std::move(usb));
  });
  return true;
}

}  // namespace

std::optional<std::string> usb_device_of(udev_device* device) {
  const char* type = udev_device_get_devtype(device);
  // Parents belong to the child's reference and need no deleter.
  if (type == nullptr || std::string_view(type) != "usb_device")
    device = udev_device_get_parent_with_subsystem_devtype(device, "usb", "usb_device");
  if (device == nullptr) return std::nullopt;
  return udev_device_get_syspath(device);
}

std::vector<Device> hidraw_of(udev_device* usb) {
  const std::string path = udev_device_get_syspath(usb);
  std::vector<Device> found;
  Scan scan(udev_device_get_udev(usb), "hidraw");
  if (!scan.run()) return found;
  scan.each([&](Device device) {
    if (usb_device_of(device.get()) == path) found.push_back(std::move(device));
  });
  return found;
}

bool has_interface(udev_device* usb, std::uint8_t interface_class) {
  // An interface is named after its device: "1-1.2:1.0" (configuration 1, interface 0).
  return Scan(udev_device_get_udev(usb), "usb")
      .match_name(udev_device_get_sysname(usb) + std::string(":*"))
      .match_class(interface_class)
      .any();
}

std::optional<std::set<std::string>> scan_usb(::udev* context,
                                              const std::set<std::uint8_t>& classes) {
  std::set<std::string> paths;
  if (!collect(Scan(context, "hidraw"), paths)) return std::nullopt;
  for (const auto interface_class : classes)
    if (!collect(std::move(Scan(context, "usb").match_class(interface_class)), paths))
      return std::nullopt;
  return paths;
}

}  // namespace latchkey::udev
