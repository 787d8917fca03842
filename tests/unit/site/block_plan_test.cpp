#include "core/site/block_plan.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

const PoolId kKvm{"kvm", "cpu-socket"};
constexpr BlockRules kRules{.block = 8, .low_water = 2, .idle_s = 100, .retry_s = 10};

// SPEC SRV-3: one decision each.
TEST(BlockPlan, DrawsBlocksAndKeepsAStockAtHand) {
  struct Row {
    const char* why;
    PoolNeed need;
    std::uint64_t held, wanted;
  };
  const std::vector<Row> rows{
      {"nobody needs anything", {0, 0, 0}, 0, 0},
      {"the first block", {1, 0, 0}, 0, 8},
      {"what waits counts as well", {0, 7, 0}, 0, 16},
      {"enough is left over", {6, 0, 0}, 8, 8},
      {"low water", {7, 0, 0}, 8, 16},
      {"all is used", {8, 0, 0}, 8, 16},
      {"more is used than held", {20, 0, 0}, 8, 24},
      {"own licenses cover it", {10, 0, 10}, 0, 0},
      {"and what they do not", {10, 1, 10}, 0, 8},
      {"idle, but not for long", {1, 0, 0}, 24, 24},
      {"not a whole block is held", {3, 0, 0}, 5, 5},
      {"more than anybody can hold", {1ULL << 41, 0, 0}, 0, 1ULL << 40},
  };
  for (const auto& row : rows) {
    BlockPlan plan(kRules);
    const Quantities held = row.held == 0 ? Quantities{} : Quantities{{kKvm, row.held}};
    const Quantities wanted = row.wanted == 0 ? Quantities{} : Quantities{{kKvm, row.wanted}};
    EXPECT_EQ(plan.target({{kKvm, row.need}}, held, 1000), wanted) << row.why;
  }
}

/// A timeline of one pool; what is wanted is held from then on.
struct Timeline {
  BlockPlan plan{kRules};
  std::uint64_t held = 0;
  std::uint64_t at(std::uint32_t second, std::uint64_t used) {
    const auto target = plan.target({{kKvm, {used, 0, 0}}},
                                    held == 0 ? Quantities{} : Quantities{{kKvm, held}}, second);
    return held = target.empty() ? 0 : target.at(kKvm);
  }
};

TEST(BlockPlan, GivesBackWhatWasIdleForAWhile) {
  Timeline pool;
  EXPECT_EQ(pool.at(0, 30), 32U);
  EXPECT_EQ(pool.at(10, 3), 32U);
  EXPECT_EQ(pool.plan.next_change(), 110U);
  EXPECT_EQ(pool.at(60, 12), 32U) << "as much was needed in between";
  EXPECT_EQ(pool.at(70, 0), 32U);
  EXPECT_EQ(pool.at(109, 0), 32U);
  EXPECT_EQ(pool.at(110, 0), 16U) << "what the highest need in that time leaves";
  EXPECT_EQ(pool.at(209, 0), 16U);
  EXPECT_EQ(pool.at(210, 0), 0U);
  EXPECT_EQ(pool.at(211, 0), 0U);
  EXPECT_EQ(pool.plan.next_change(), std::nullopt);
}

TEST(BlockPlan, DoesNotFlapAtTheEdgeOfABlock) {
  Timeline pool;
  int changes = 0;
  for (std::uint32_t second = 0; second < 1000; ++second) {
    const auto before = pool.held;
    pool.at(second, second % 2 == 0 ? 6 : 7);
    changes += pool.held != before ? 1 : 0;
  }
  EXPECT_EQ(changes, 2) << "the first block and the second one";
}

TEST(BlockPlan, TakesWhatThereIsAndAsksAgainLater) {
  BlockPlan plan(kRules);
  const PoolNeeds needs{{kKvm, {8, 6, 0}}};
  EXPECT_EQ(plan.target(needs, {{kKvm, 8}}, 0), (Quantities{{kKvm, 16}}));
  plan.refused(kKvm, 11, 0);
  EXPECT_EQ(plan.target(needs, {{kKvm, 8}}, 0), (Quantities{{kKvm, 11}}));
  EXPECT_EQ(plan.target(needs, {{kKvm, 11}}, 9), (Quantities{{kKvm, 11}}));
  EXPECT_EQ(plan.next_change(), 10U);
  EXPECT_EQ(plan.target(needs, {{kKvm, 11}}, 10), (Quantities{{kKvm, 16}}));
}

}  // namespace
}  // namespace latchkey
