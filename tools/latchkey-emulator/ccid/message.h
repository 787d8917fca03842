#pragma once

#include <array>
#include <cstdint>

#include "core/base/bytes.h"

// The bulk messages of CCID 1.1 sections 6.1 and 6.2.
namespace latchkey::emulator::ccid {

inline constexpr std::size_t kHeaderSize = 10;

enum class Command : std::uint8_t {
  set_parameters = 0x61,
  icc_power_on = 0x62,
  icc_power_off = 0x63,
  get_slot_status = 0x65,
  escape = 0x6B,
  get_parameters = 0x6C,
  reset_parameters = 0x6D,
  xfr_block = 0x6F,
  abort = 0x72,
};

enum class ReplyType : std::uint8_t {
  data_block = 0x80,
  slot_status = 0x81,
  parameters = 0x82,
  escape = 0x83,
};

/// bmICCStatus, CCID table 6.2-3.
enum class IccStatus : std::uint8_t { active = 0, inactive = 1, absent = 2 };

/// bError, CCID table 6.2-2; 1 to 127 is the offset of the field that is wrong.
namespace error {
inline constexpr std::uint8_t kNotSupported = 0, kLength = 1, kSlot = 5, kParameter = 7, kLevel = 8;
inline constexpr std::uint8_t kSlotBusy = 0xE0, kIccMute = 0xFE;
}  // namespace error

struct Request {
  Command type{};
  std::uint8_t slot = 0;
  std::uint8_t sequence = 0;
  std::array<std::uint8_t, 3> parameters{};  ///< bytes 7 to 9
  ByteView data;

  /// wLevelParameter of XfrBlock.
  std::uint16_t level() const {
    return static_cast<std::uint16_t>(parameters[1] | parameters[2] << 8);
  }
};

/// The dwLength of a message that has arrived up to its header.
std::uint32_t data_length(ByteView header);
/// `message` is a header and as many bytes as it says, at least.
Request parse_request(ByteView message);

struct Reply {
  ReplyType type = ReplyType::slot_status;
  std::uint8_t slot = 0;
  std::uint8_t sequence = 0;
  IccStatus icc = IccStatus::active;
  bool failed = false;
  std::uint8_t error = 0;   ///< when failed
  std::uint8_t detail = 0;  ///< byte 9: clock status, protocol or chain parameter
  Bytes data;
};

Bytes encode(const Reply& reply);
/// A time extension (bStatus 0x80): the command of `reply` needs another 100 ms.
Bytes time_extension(const Reply& reply);

}  // namespace latchkey::emulator::ccid
