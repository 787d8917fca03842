#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

// The messages of CCID 1.1 section 6, as far as they are used: slot 0 only.
namespace latchkey::ccid {

inline constexpr std::size_t kHeaderSize = 10;
inline constexpr std::size_t kMaxMessage = 65'544 + kHeaderSize;  ///< of any reader (5.1)

/// PC_to_RDR_*
enum class Command : std::uint8_t {
  icc_power_on = 0x62,
  icc_power_off = 0x63,
  get_slot_status = 0x65,
  xfr_block = 0x6F
};

/// RDR_to_PC_*
enum class Answer : std::uint8_t { data_block = 0x80, slot_status = 0x81 };

/// Byte 9 of a data block and wLevelParameter of XfrBlock: which part of an APDU the message has.
enum class Chain : std::uint8_t {
  whole = 0,
  first = 1,
  last = 2,
  middle = 3,
  next = 0x10  ///< no data: the other side is to send its next part
};

/// `parameter`: bPowerSelect, or the wLevelParameter of XfrBlock.
Bytes encode(Command command, std::uint8_t sequence, std::uint8_t parameter = 0,
             ByteView data = {});

/// An answer as the reader sent it; enum fields may hold values outside their enumerators.
struct Reply {
  enum class Icc : std::uint8_t { active = 0, inactive = 1, absent = 2 };
  enum class Status : std::uint8_t { done = 0, failed = 1, time_extension = 2 };

  Answer type;
  std::uint8_t slot;
  std::uint8_t sequence;
  Icc icc;
  Status status;       ///< alone says whether it worked: some firmware sets `error` in any case
  std::uint8_t error;  ///< bError, of `failed` only
  Chain chain;         ///< of a data block
  Bytes data;
};

/// bError values with a meaning of their own here (6.2.6).
inline constexpr std::uint8_t kErrorMute = 0xFE;
inline constexpr std::uint8_t kErrorSlotBusy = 0xE0;

/// Nothing when the header is cut short or claims more data than there are. Bytes beyond the
/// announced length are ignored.
std::optional<Reply> parse_reply(ByteView message);

}  // namespace latchkey::ccid
