#include "core/base/deflate.h"

#include <gtest/gtest.h>

namespace latchkey::test {
namespace {

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * i >> 3);
  return out;
}

class Deflate : public ::testing::TestWithParam<Wrapper> {};

TEST_P(Deflate, ReadsBackWhatItPacked) {
  for (const std::size_t size : {1U, 100U, 65'536U, 65'537U, 1'000'000U})
    EXPECT_EQ(inflate(deflate(pattern(size), GetParam()), GetParam(), size), pattern(size)) << size;
}

// SPEC SEC-3
TEST_P(Deflate, ABombUnpacksToNothing) {
  const auto bomb = deflate(Bytes(10'000'000, 0), GetParam());
  ASSERT_LT(bomb.size(), 12'000U);
  EXPECT_EQ(inflate(bomb, GetParam(), 100'000).error(), InflateFault::too_large);
  EXPECT_EQ(inflate(bomb, GetParam(), 9'999'999).error(), InflateFault::too_large);
  const auto small = deflate(pattern(101), GetParam());
  EXPECT_EQ(inflate(small, GetParam(), 100).error(), InflateFault::too_large);
}

// SPEC SEC-3
TEST_P(Deflate, EveryDamageIsNoticed) {
  const auto whole = deflate(pattern(400), GetParam());
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_FALSE(inflate(ByteView(whole).first(i), GetParam(), 400)) << i;
  auto damaged = whole;
  damaged.back() ^= 1;
  EXPECT_EQ(inflate(damaged, GetParam(), 400).error(), InflateFault::damaged);
  auto followed = whole;
  followed.push_back(0);
  EXPECT_EQ(inflate(followed, GetParam(), 400).error(), InflateFault::followed);
}

INSTANTIATE_TEST_SUITE_P(Both, Deflate, ::testing::Values(Wrapper::zlib, Wrapper::gzip));

}  // namespace
}  // namespace latchkey::test
