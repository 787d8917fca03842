#pragma once

#include "tools/latchkey-emulator/device/usb.h"
#include "tools/latchkey-emulator/piv/state.h"

namespace latchkey::emulator::ccid {

// Endpoint numbers. Bulk both ways is Device::kKeyEndpoint.
inline constexpr std::uint8_t kNotifyEndpoint = 2;  ///< interrupt in: NotifySlotChange
inline constexpr std::uint8_t kFidoEndpoint = 3;    ///< both ways: the FIDO interface's reports
inline constexpr std::uint16_t kPacket = 64;        ///< bytes, of every endpoint

/// dwMaxCCIDMessageLength: a command at the card's limit, or a short APDU, with the header.
std::size_t max_message(const piv::Model& model);

/// The token on the USB: a CCID interface, behind a FIDO HID one when it is composite.
UsbProfile make_profile(const piv::Model& model);

}  // namespace latchkey::emulator::ccid
