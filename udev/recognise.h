#pragma once

#include <libudev.h>

#include <optional>
#include <span>

#include "core/ports.h"
#include "latchkey_known_keys.h"

namespace latchkey::udev {

/// The key behind a hidraw device: its USB device is in `known`, it stands on the USB, and its
/// report descriptor opens with a vendor-defined usage page (the keyboard half of a composite key
/// does not). Nothing when it is another device, or is being removed while we look.
std::optional<DeviceRef> recognise(udev_device* hidraw, std::span<const KnownKey> known);

}  // namespace latchkey::udev
