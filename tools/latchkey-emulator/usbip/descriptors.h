#pragma once

#include <optional>

#include "core/base/bytes.h"
#include "tools/latchkey-emulator/device/usb.h"

namespace latchkey::emulator::usbip {

/// The answer to GET_DESCRIPTOR (USB 2.0 section 9.4.3, HID 1.11 section 7.1.1), uncut; nothing for
/// one that the device does not have.
std::optional<Bytes> descriptor(const UsbProfile& usb, const Setup& setup);

}  // namespace latchkey::emulator::usbip
