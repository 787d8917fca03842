#include "agent/app/agent_clock.h"

#include <gtest/gtest.h>

#include "core/deployment/fact.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = std::chrono::sys_days(std::chrono::November / 21 / 2026);

class AgentClockTest : public testing::Test {
 protected:
  AgentClock open(StoreContents contents = {}) {
    return AgentClock(contents, [this] { return reading_; });
  }
  void pass(Duration time) {
    reading_.wall += time;
    reading_.boot += time;
  }
  ClockReading reading_{kStart, 1h, "boot"};
};

KeyReading carries(Time issued) {
  return {{}, "LK-1", LicenseSummary{"doc", "L-1", issued, {{issued, issued + kDay}}}, {}, ""};
}

// SPEC TIME-1: cheaply, but soon after something happened
TEST_F(AgentClockTest, KeepsItsMemoryNowAndThen) {
  auto clock = open();
  EXPECT_TRUE(clock.memory_due());
  pass(4min);
  EXPECT_FALSE(clock.memory_due());
  pass(1min);
  EXPECT_TRUE(clock.memory_due());
  reading_.wall += 365 * kDay;
  EXPECT_TRUE(clock.memory_due()) << "an anomaly began";
  EXPECT_FALSE(clock.memory_due());
  reading_.wall -= 365 * kDay;
  EXPECT_TRUE(clock.memory_due()) << "and ended";
}

// SPEC TIME-1
TEST_F(AgentClockTest, GoesOnFromWhatWasKept) {
  StoreContents contents;
  auto before = open();
  before.now();
  contents.clock = before.memory();
  pass(1h);
  reading_.wall -= 30 * kDay;
  EXPECT_EQ(open(contents).now(), kStart + 1h);
}

// SPEC BUF-10: an edited row lets nobody go back behind the facts
TEST_F(AgentClockTest, TheFactsAreAFloorToo) {
  StoreContents contents;
  contents.facts.push_back({Fact{kStart + kDay, "c", 1, "a", NodeStopped{}}, {}});
  for (const char* memory : {"", "rubbish", R"({"floor":"1970-01-01T00:00:00Z"})"}) {
    contents.clock = memory;
    EXPECT_GE(open(contents).now(), kStart + kDay) << memory;
  }
}

// SPEC TIME-2: what a repair took back is no floor at the next start
TEST_F(AgentClockTest, ARepairLasts) {
  auto clock = open();
  clock.now();
  EXPECT_FALSE(clock.take_jump());
  reading_.wall += 365 * kDay;
  for (int i = 0; i <= 72; ++i) {
    pass(1h);
    clock.now();
  }
  const Time wrong = kStart + 365 * kDay + 73h;
  EXPECT_EQ(clock.now(), wrong);
  const auto jump = clock.take_jump();
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->to - jump->from, 365 * kDay);
  reading_.wall -= 365 * kDay;
  EXPECT_TRUE(clock.memory_due());
  EXPECT_EQ(clock.repair(kStart + 70h), kStart + 73h) << "this machine's clock is right";
  EXPECT_TRUE(clock.memory_due()) << "the old floor must not stay on the disk";
  EXPECT_TRUE(clock.view().anomalies.empty());
  StoreContents contents;
  contents.clock = clock.memory();
  contents.facts = {{Fact{wrong, "c", 1, "a", *jump}, {}},
                    {Fact{kStart + 73h, "d", 1, "a",
                          TimeRepaired{"T-1", kStart + 70h, "x", {{"c", 1}}, false, ""}},
                     {}}};
  EXPECT_EQ(open(contents).now(), kStart + 73h);
}

// SPEC TIME-1: newest verified issue date
TEST_F(AgentClockTest, BelievesWhatThisNodeVerified) {
  Decision decision;
  decision.keys.push_back({"b", "p", "fake", {}, {}, carries(kStart + 9 * kDay), {}});
  KeptLicense& kept = decision.kept.emplace_back();
  kept.license.issued = kStart + 8 * kDay;
  kept.node = "b";
  auto clock = open();
  clock.believe_licenses(decision, "a");
  EXPECT_EQ(clock.now(), kStart) << "the peer's word is no evidence";
  kept.node = "a";
  clock.believe_licenses(decision, "a");
  EXPECT_EQ(clock.now(), kStart + 8 * kDay);
  decision.keys.front().node = "a";
  clock.believe_licenses(decision, "a");
  EXPECT_EQ(clock.now(), kStart + 9 * kDay);
  decision.keys.front().reading = {KeyFault::license_invalid, "LK-1", {}, {}, ""};
  clock.believe_licenses(decision, "a");
  EXPECT_EQ(clock.now(), kStart + 9 * kDay);
}

TEST_F(AgentClockTest, ReadsTheClocksOfThisMachine) {
  const auto first = read_clocks(), second = read_clocks();
  EXPECT_GE(second.boot, first.boot);
  EXPECT_GT(first.boot, 0s);
  EXPECT_EQ(first.boot_id.size(), 36u);
  EXPECT_EQ(first.boot_id, second.boot_id);
}

}  // namespace
}  // namespace latchkey
