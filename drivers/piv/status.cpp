#include "drivers/piv/status.h"

#include <algorithm>
#include <array>

#include "core/base/big_endian.h"

namespace latchkey::piv {
namespace {

struct Meaning {
  std::uint16_t status;
  std::string_view text;
};

constexpr std::array kMeanings{
    Meaning{kWrongLength, "wrong length"},
    Meaning{0x6581, "memory failure"},
    Meaning{0x6881, "logical channel not supported"},
    Meaning{0x6883, "last command of the chain expected"},
    Meaning{0x6884, "command chaining not supported"},
    Meaning{kSecurityStatus, "security status not satisfied"},
    Meaning{0x6983, "authentication blocked"},
    Meaning{0x6985, "conditions of use not satisfied"},
    Meaning{kWrongData, "incorrect data"},
    Meaning{0x6A81, "function not supported"},
    Meaning{kNotFound, "not found"},
    Meaning{0x6A84, "not enough memory"},
    Meaning{kWrongParameters, "incorrect parameters"},
    Meaning{kReferenceNotFound, "reference data not found"},
    Meaning{0x6B00, "wrong parameters"},
    Meaning{kUnknownInstruction, "unknown instruction"},
    Meaning{0x6E00, "unknown class"},
};

/// Checking errors; what is left are warnings and failures of the card itself.
bool says_no(std::uint16_t status) {
  const auto high = status >> 8;
  return high == 0x67 || high == 0x68 || high == 0x69 || high == 0x6A || high == 0x6B ||
         high == 0x6D || high == 0x6E;
}

}  // namespace

std::string describe_status(std::uint16_t status) {
  Bytes word;
  put_u16(word, status);
  auto hex = to_hex(word);
  std::ranges::transform(hex, hex.begin(), [](char c) { return c >= 'a' ? c - 'a' + 'A' : c; });
  const auto known = std::ranges::find(kMeanings, status, &Meaning::status);
  const auto text = known == kMeanings.end() ? std::string_view("status") : known->text;
  return std::string(text) + " (" + hex + ")";
}

tl::unexpected<KeyError> status_fail(std::string_view doing, std::uint16_t status) {
  return key_fail(says_no(status) ? KeyError::Kind::refused : KeyError::Kind::protocol,
                  std::string(doing) + ": " + describe_status(status));
}

}  // namespace latchkey::piv
