#pragma once

#include <libudev.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "udev/handle.h"

namespace latchkey::udev {

/// The sysfs path of the USB device that a device of the subsystems hidraw or usb belongs to: its
/// own, or its parent's. Nothing for what does not stand on the USB.
std::optional<std::string> usb_device_of(udev_device* device);

/// The hidraw devices of a USB device, not of what is plugged into it (a hub), by sysfs path.
std::vector<Device> hidraw_of(udev_device* usb);

/// Whether the active configuration of a USB device has an interface of this class. An interface is
/// in sysfs only while a configuration is set.
bool has_interface(udev_device* usb, std::uint8_t interface_class);

/// The sysfs paths of all USB devices with a hidraw device or an interface of one of `classes`.
/// Nothing when sysfs could not be read, which says nothing about devices.
std::optional<std::set<std::string>> scan_usb(::udev* context,
                                              const std::set<std::uint8_t>& classes);

}  // namespace latchkey::udev
