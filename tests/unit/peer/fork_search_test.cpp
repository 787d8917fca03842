#include "agent/peer/fork_search.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/peer/message.h"

namespace latchkey::peer {
namespace {

/// Rounds until `common` is found in a chain of `last` facts, answering as a peer would.
int rounds(std::uint64_t last, std::uint64_t common) {
  ForkSearch search(last);
  int count = 0;
  for (; !search.done(); ++count) {
    const auto points = search.points();
    EXPECT_FALSE(points.empty());
    EXPECT_LE(points.size(), kPointsLimit);
    EXPECT_TRUE(std::is_sorted(points.begin(), points.end()));
    std::uint64_t shared = search.common();
    for (const auto point : points)
      if (point <= common) shared = point;
    if (!search.narrow(shared)) return -1;
  }
  EXPECT_EQ(search.common(), common);
  return count;
}

TEST(ForkSearch, FindsTheLastSharedSeqWhereverItIs) {
  for (const std::uint64_t last : {0, 1, 2, 63, 64, 65, 128, 1000})
    for (std::uint64_t common = 0; common <= last; ++common) EXPECT_GE(rounds(last, common), 0);
  for (const std::uint64_t common : {0, 1, 4096, 131'071, 262'143, 262'144})
    EXPECT_LE(rounds(262'144, common), 3) << common;
  EXPECT_LE(rounds(~0ULL, 12345), 11);
}

TEST(ForkSearch, RefusesAnAnswerToNoQuestion) {
  ForkSearch search(1000);
  const auto points = search.points();
  EXPECT_FALSE(search.narrow(points[0] + 1));
  EXPECT_FALSE(search.narrow(1001));
  EXPECT_TRUE(search.narrow(points[1]));
  EXPECT_FALSE(search.narrow(points[0]));
}

}  // namespace
}  // namespace latchkey::peer
