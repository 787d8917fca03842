#include "core/usbkey/key_id.h"

#include <array>
#include <cstdint>

#include "core/base/sha256.h"
#include "core/base/text.h"

namespace latchkey {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kCount = 20;  // digits before the check digit
constexpr std::size_t kLongest = 64;

using Digits = std::array<std::uint8_t, kCount>;

/// Times x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1); x generates all 31 non-zero elements.
constexpr std::uint8_t times_x(std::uint8_t value) {
  const auto doubled = static_cast<std::uint8_t>(value << 1);
  return doubled & 32 ? doubled ^ 0b100101 : doubled;
}

/// The digit c for which sum(d[i] * x^(20-i)) + c is zero. All 21 weights differ, so any swap
/// changes the sum.
std::uint8_t check_digit(const Digits& digits) {
  std::uint8_t sum = 0;
  for (const auto digit : digits) sum = times_x(sum ^ digit);
  return sum;
}

std::string spell(const Digits& digits) {
  std::string out = "LK";
  for (std::size_t i = 0; i < kCount; ++i) {
    if (i % 5 == 0) out += '-';
    out += kDigits[digits[i]];
  }
  return out + '-' + kDigits[check_digit(digits)];
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::optional<std::uint8_t> digit_value(char c) {
  if (c == 'I' || c == 'L') c = '1';
  if (c == 'O') c = '0';
  const auto at = kDigits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

/// Upper case without hyphens.
std::string compact(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '-') out += upper(c);
  return out;
}

}  // namespace

std::string key_id(ByteView spki) {
  const auto digest = sha256(spki);
  Digits digits{};
  for (std::size_t i = 0; i < kCount; ++i) {
    const std::size_t bit = i * 5;
    const unsigned pair = unsigned(digest[bit / 8]) << 8 | digest[bit / 8 + 1];
    digits[i] = pair >> (11 - bit % 8) & 31;
  }
  return spell(digits);
}

std::optional<std::string> parse_key_id(std::string_view text) {
  text = trimmed(text);
  if (text.size() > kLongest) return std::nullopt;
  const auto typed = compact(text);
  if (typed.size() != 2 + kCount + 1 || !typed.starts_with("LK")) return std::nullopt;
  Digits digits{};
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto value = digit_value(typed[2 + i]);
    if (!value) return std::nullopt;
    digits[i] = *value;
  }
  if (digit_value(typed.back()) != check_digit(digits)) return std::nullopt;
  return spell(digits);
}

}  // namespace latchkey
