#pragma once

#include <cstdint>
#include <optional>
#include <tl/expected.hpp>

#include "core/base/bytes.h"

namespace latchkey::emulator::piv {

/// Status words of ISO 7816-4 5.6 and NIST SP 800-73-4 part 2, 3.3, as PIV tokens use them.
enum class Sw : std::uint16_t {
  ok = 0x9000,
  more = 0x6100,           ///< plus how many bytes wait, 0 for 256 or more
  verify_failed = 0x63C0,  ///< plus the tries that are left
  memory_failure = 0x6581,
  wrong_length = 0x6700,
  security_status = 0x6982,
  blocked = 0x6983,
  conditions = 0x6985,
  wrong_data = 0x6A80,
  not_supported = 0x6A81,
  not_found = 0x6A82,
  no_space = 0x6A84,
  wrong_parameters = 0x6A86,
  no_reference = 0x6A88,
  unknown_instruction = 0x6D00,
  unknown_class = 0x6E00,
};

/// The data of a response, or why there is none.
using Answer = tl::expected<Bytes, Sw>;
inline tl::unexpected<Sw> refuse(Sw sw) { return tl::make_unexpected(sw); }

/// A command APDU, ISO 7816-4 5.1.
struct Command {
  std::uint8_t cla = 0;
  std::uint8_t ins = 0;
  std::uint8_t p1 = 0;
  std::uint8_t p2 = 0;
  Bytes data;
  std::size_t most = 256;  ///< Ne; a command without Le takes what fits, as over T=1
  bool extended = false;

  bool chained() const { return (cla & 0x10) != 0; }
  std::uint16_t p1p2() const { return static_cast<std::uint16_t>(p1 << 8 | p2); }
};

/// Nothing when the lengths do not add up.
std::optional<Command> parse_command(ByteView apdu);

/// SW1 SW2 at the end of `data`.
Bytes response(Bytes data, std::uint16_t sw);

}  // namespace latchkey::emulator::piv
