#include "core/usbkey/key_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace latchkey {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::string sample(int n) { return key_id(as_bytes("key " + std::to_string(n))); }

// SHA-256("abc") = ba7816bf 8f01cfea 414140de …: its first 100 bits, five at a time (computed by
// hand in Python).
TEST(KeyId, FirstHundredBitsOfTheHash) {
  EXPECT_EQ(key_id(as_bytes("abc")).substr(0, 26), "LK-Q9W1D-FWF07-7YMGA-183F5");
}

TEST(KeyId, ShapeAndRoundTrip) {  // SPEC REQ-3
  for (int n = 0; n < 200; ++n) {
    const auto id = sample(n);
    ASSERT_EQ(id.size(), 28u) << id;
    EXPECT_EQ(parse_key_id(id), id);
  }
}

TEST(KeyId, AsAPersonTypesIt) {  // SPEC REQ-3: read case-insensitively
  const auto id = sample(1);
  auto lower = id;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  auto bare = id;
  std::erase(bare, '-');
  auto aliased = lower;
  for (auto& c : std::span(aliased).subspan(2)) c = c == '1' ? 'l' : c == '0' ? 'o' : c;
  for (const auto& typed : {lower, bare, " \t" + id + "\r\n", aliased})
    EXPECT_EQ(parse_key_id(typed), id) << typed;
}

TEST(KeyId, CatchesEveryWrongDigit) {  // SPEC REQ-3: check character
  for (int n = 0; n < 20; ++n) {
    const auto id = sample(n);
    for (std::size_t at = 3; at < id.size(); ++at) {
      if (id[at] == '-') continue;
      for (const char digit : kDigits) {
        auto typed = id;
        typed[at] = digit;
        EXPECT_EQ(parse_key_id(typed).has_value(), digit == id[at]) << typed;
      }
    }
  }
}

TEST(KeyId, CatchesEverySwap) {  // SPEC REQ-3: check character
  for (int n = 0; n < 50; ++n) {
    const auto id = sample(n);
    for (std::size_t a = 3; a < id.size(); ++a)
      for (std::size_t b = a + 1; b < id.size(); ++b) {
        auto typed = id;
        if (typed[a] == '-' || typed[b] == '-' || typed[a] == typed[b]) continue;
        std::swap(typed[a], typed[b]);
        EXPECT_EQ(parse_key_id(typed), std::nullopt) << id << " as " << typed;
      }
  }
}

TEST(KeyId, RefusesWhatIsNone) {
  const auto id = sample(1);
  for (const auto& typed :
       {std::string(), std::string("LK-"), id.substr(3), id.substr(0, 27), id + "0",
        "XK" + id.substr(2), id + std::string(100, '-'), id.substr(0, 8) + "U" + id.substr(9),
        id.substr(0, 8) + '\0' + id.substr(9)})
    EXPECT_EQ(parse_key_id(typed), std::nullopt) << typed;
}

}  // namespace
}  // namespace latchkey
