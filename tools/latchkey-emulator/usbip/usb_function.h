#pragma once

#include <tl/expected.hpp>

#include "tools/latchkey-emulator/device/device.h"
#include "tools/latchkey-emulator/usbip/wire.h"

namespace latchkey::emulator::usbip {

/// What endpoint 0 of a device answers: the data of an IN request (cut to what was asked for),
/// nothing for an OUT request, or a stall. Standard requests are answered from the device's
/// profile, class requests are the device's. `data` is what came with an OUT request.
tl::expected<Bytes, UrbStatus> control(Device& device, const Setup& setup, ByteView data,
                                       Device::Instant now);

}  // namespace latchkey::emulator::usbip
