#pragma once

#include <array>
#include <cstdint>
#include <tl/expected.hpp>

#include "core/base/bytes.h"
#include "tools/latchkey-emulator/device/device.h"
#include "tools/latchkey-emulator/usbip/wire.h"

namespace latchkey::emulator::usbip {

inline constexpr std::uint8_t kHidClass = 3;
inline constexpr std::uint16_t kDeviceRelease = 0x0100;  ///< bcdDevice
inline constexpr std::uint8_t kReportEndpoint = 1;       ///< both directions: 0x81 and 0x01

/// A request on endpoint 0, USB 2.0 section 9.3.
struct Setup {
  explicit Setup(const std::array<std::uint8_t, 8>& bytes);
  std::uint8_t type;
  std::uint8_t request;
  std::uint16_t value;
  std::uint16_t index;
  std::uint16_t length;
};

/// What endpoint 0 of a key answers: the data of an IN request (cut to what was asked for), nothing
/// for an OUT request, or a stall. `data` is what came with an OUT request: an output report when
/// it is SET_REPORT.
tl::expected<Bytes, UrbStatus> control(Device& device, const Setup& setup, ByteView data,
                                       Device::Instant now);

}  // namespace latchkey::emulator::usbip
