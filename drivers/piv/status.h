#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ports.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey::piv {

/// Status words (ISO 7816-4 section 5.6, SP 800-73-4 part 2) that mean something to us.
enum : std::uint16_t {
  kDone = 0x9000,
  kWrongLength = 0x6700,
  kSecurityStatus = 0x6982,  ///< not authenticated, or the key wants its PIN
  kWrongData = 0x6A80,
  kNotFound = 0x6A82,
  kWrongParameters = 0x6A86,
  kReferenceNotFound = 0x6A88,
  kUnknownInstruction = 0x6D00,
};

/// "GET DATA 5FC101: not found (6A82)": `refused` when the card said no to the request, `protocol`
/// when it failed.
tl::unexpected<KeyError> status_fail(std::string_view doing, std::uint16_t status);
/// "security status not satisfied (6982)"
std::string describe_status(std::uint16_t status);

}  // namespace latchkey::piv
