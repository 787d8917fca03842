#pragma once

#include <libudev.h>

#include <optional>
#include <span>
#include <string>

#include "core/ports.h"
#include "latchkey_known_keys.h"

namespace latchkey::udev {

/// What a USB device is.
struct Recognised {
  DeviceRef device;
  std::string node_path;  ///< in sysfs, of the device whose node the driver opens
};

/// The key that a USB device (devtype `usb_device`) is; one at most, however many interfaces it has
/// and whichever comes first. Nothing when it is another device, has no configuration set yet, or
/// is being removed while we look. Reads a handful of sysfs files.
///
/// Its line in `known` is the one with its VID:PID, and only without one a line with the class of
/// one of its interfaces: so a HID key with a smart-card interface is a HID key even while its
/// hidraw node is not there yet.
std::optional<Recognised> recognise(udev_device* usb, std::span<const KnownKey> known);

}  // namespace latchkey::udev
