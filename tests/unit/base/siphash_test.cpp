#include "core/base/siphash.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

// Aumasson and Bernstein, "SipHash: a fast short-input PRF", appendix A; the others are of their
// reference code: the key 00 01 … 0f, the input 00 01 … of growing length.
TEST(SipHash, GivesTheVectorsOfItsAuthors) {
  const std::pair<std::size_t, std::uint64_t> rows[] = {
      {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
      {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5},
  };
  Bytes input;
  for (std::uint8_t i = 0; i < 15; ++i) input.push_back(i);
  const SipHash<2, 4> hash(kKey);
  for (const auto& [size, expected] : rows)
    EXPECT_EQ(hash(ByteView(input).first(size)), expected) << size;
}

TEST(SipHash, DependsOnItsKey) {
  const auto text = as_bytes("consumer-1");
  const std::uint64_t one = SipHash<>(kKey)(text);
  EXPECT_EQ(SipHash<>(kKey)(text), one);
  EXPECT_NE(SipHash<>({kKey.low + 1, kKey.high})(text), one);
  EXPECT_NE(SipHash<>({kKey.low, kKey.high + 1})(text), one);
}

}  // namespace
}  // namespace latchkey
