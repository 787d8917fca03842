#include "core/pool/lease_table.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey {
namespace {

using Slot = LeaseTable::Slot;

// SEC-3: consumers choose their ids, and cannot know which of them collide.
TEST(LeaseTableTest, HashesWithAKeyOfItsOwn) {
  const LeaseTable one({1, 2}), same({1, 2}), other({1, 3});
  EXPECT_EQ(one.name("a").hash, same.name("a").hash);
  EXPECT_NE(one.name("a").hash, other.name("a").hash);
}

TEST(LeaseTableTest, TellsIdsApartThatCollide) {
  LeaseTable table({});
  const LeaseTable::Item item{3, 4};
  const LeaseTable::Name a{"a", 7}, b{"b", 7}, c{"c", 7};
  const auto first = table.insert(a, 60, {&item, 1}), second = table.insert(b, 60, {});
  EXPECT_EQ(table.find(a), first);
  EXPECT_EQ(table.find(b), second);
  EXPECT_EQ(table.find(c), LeaseTable::kNone);
  LeaseTable::Items items;
  table.read_items(first, items);
  EXPECT_EQ(items, LeaseTable::Items{item});
}

TEST(LeaseTableTest, FindsAllThatItHoldsWhileItGrowsAndShrinks) {
  constexpr int kLeases = 50'000;
  LeaseTable table({1, 2});
  const auto name = [](int i) { return "consumer-" + std::to_string(i); };
  const auto find = [&](int i) { return table.find(table.name(name(i))); };
  for (int i = 0; i < kLeases; ++i) {
    ASSERT_EQ(find(i), LeaseTable::kNone);
    table.insert(table.name(name(i)), 60, {});
    if (i % 3 == 0) table.erase(find(i / 3 * 2));
  }
  std::size_t held = 0;
  for (int i = 0; i < kLeases; ++i) {
    const bool erased = i % 2 == 0 && i <= (kLeases - 1) / 3 * 2;
    ASSERT_EQ(find(i) == LeaseTable::kNone, erased) << i;
    if (erased) continue;
    ++held;
    ASSERT_EQ(table.consumer(find(i)), name(i));
  }
  EXPECT_EQ(table.size(), held);
}

}  // namespace
}  // namespace latchkey
