#include <gtest/gtest.h>

#include "core/deployment/witness.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};

// SPEC ALERT-1: since when an alert on the key stands; the same wherever the facts are folded.
TEST(StateSince, IsWhenStateOrReasonChanged) {
  Witness node({"a", "chain-a", 0s});
  EXPECT_EQ(node.decide(kStart).state_since, kStart) << "nothing is known yet";
  node.start(kStart, "1");
  EXPECT_EQ(node.decide(kStart + kDay).state_since, kStart) << "never inserted, from the beginning";
  const auto read = [&](int day, std::optional<KeyFault> fault) {
    std::optional<LicenseSummary> license;
    if (!fault) license = LicenseSummary{"doc", "L", kStart, {{kStart, kStart + 365 * kDay}}};
    node.key_read(kStart + day * kDay, "p", "test", {fault, "K", license, {}, ""});
    return node.decide(kStart + 100 * kDay).state_since;
  };
  EXPECT_EQ(read(1, KeyFault::busy), kStart + 1 * kDay);
  EXPECT_EQ(read(2, KeyFault::unreadable), kStart + 2 * kDay) << "another reason";
  EXPECT_EQ(read(3, {}), kStart + 3 * kDay);
  node.license_imported(
      kStart + 4 * kDay,
      {"K", {"new", "L-2", kStart + kDay, {{kStart, kStart + 400 * kDay}}}, "", ""});
  EXPECT_EQ(node.decide(kStart + 100 * kDay).state_since, kStart + 3 * kDay) << "still Ready";
  node.key_gone(kStart + 5 * kDay, "p");
  EXPECT_EQ(node.decide(kStart + 100 * kDay).state_since, kStart + 5 * kDay);
}

}  // namespace
}  // namespace latchkey
