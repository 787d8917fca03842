#include "core/deployment/repair_plan.h"

#include <gtest/gtest.h>

// SPEC TIME-2: when the vendor's word takes license time back, how far, and when it does not.
namespace latchkey {
namespace {

constexpr Time kDue{std::chrono::sys_days(std::chrono::November / 21 / 2026)};
constexpr Duration kYear = 365 * kDay;

struct Scene {
  const char* what;
  Duration jumped{};     ///< license time went wrong then, seen from kDue
  Duration lead{};       ///< by so much; none: never
  Duration ran{};        ///< and has gone on for so long
  Duration wall{};       ///< this machine's clock, seen from kDue
  Duration document{};   ///< when it was issued
  std::string code{};    ///< of the refusal
  Duration license{};    ///< else what license time becomes
  bool recorded = true;  ///< the jump is
};

const TimeRepair kDocument{"T-1", "", "issuer", kDue, kDue + kTimeRepairLife};

Result<RepairPlan> plan(const Scene& scene, std::vector<Fact> more = {}) {
  auto document = kDocument;
  document.time += scene.document;
  document.until += scene.document;
  const Time from = kDue + scene.jumped, to = from + scene.lead;
  std::vector<Fact> facts{{from, "c", 1, "a", NodeStarted{"1"}}};
  if (scene.lead > Duration(0) && scene.recorded)
    facts.push_back({to, "c", 2, "a", ClockJumped{from, to}});
  facts.insert(facts.end(), more.begin(), more.end());
  return plan_repair(document, {facts, "a", {to + scene.ran, kDue + scene.wall}});
}

TEST(RepairPlan, TakesBackWhatIsWrong) {
  const Scene scenes[] = {
      {"a year, noticed at once", -3 * kDay, kYear, 3 * kDay, kDay, {}, "", {}},
      {"and used late: the time that ran counts",
       -3 * kDay,
       kYear,
       10 * kDay,
       7 * kDay,
       {},
       "",
       7 * kDay},
      {"used at its last instant", {}, kYear, 14 * kDay, 14 * kDay, {}, "", 14 * kDay},
      {"used after it, with the clock set back",
       {},
       kYear,
       14 * kDay + Duration(1),
       {},
       {},
       "expired",
       {}},
      {"kept for a year, with the clock set back", {}, kYear, kYear, {}, {}, "expired", {}},
      {"used after it", {}, kYear, 15 * kDay, 15 * kDay, {}, "expired", {}},
      {"the clock is still wrong", {}, kYear, kDay, kYear + kDay, {}, "clock-not-corrected", {}},
      {"the clock is behind", {}, kYear, kDay, -kDay - Duration(1), {}, "clock-not-corrected", {}},
      {"a day behind is skew", {}, kYear, {}, -kDay, {}, "", {}},
      {"issued just before the jump", kDay, kYear, {}, kDay, {}, "", kDay},
      {"issued more than a day before it",
       kDay + Duration(1),
       kYear,
       {},
       2 * kDay,
       {},
       "issued-before-jump",
       {}},
      {"nothing is wrong", -3 * kDay, {}, 4 * kDay, kDay, {}, "not-needed", {}},
      {"a machine that was off", {}, 10 * kDay, {}, 10 * kDay, {}, "not-needed", {}},
      {"nobody knows how it came",
       -3 * kDay,
       kYear,
       3 * kDay,
       kDay,
       {},
       "jump-not-recorded",
       {},
       false},
      {"a document for later", -3 * kDay, kYear, 3 * kDay, {}, 5 * kDay, "clock-not-corrected", {}},
  };
  for (const auto& scene : scenes) {
    const auto planned = plan(scene);
    EXPECT_EQ(planned ? "" : planned.error().code, scene.code) << scene.what;
    if (!planned) {
      EXPECT_FALSE(planned.error().cure.empty()) << scene.what;
      continue;
    }
    EXPECT_EQ(planned->license, kDue + scene.license) << scene.what;
    EXPECT_EQ(planned->repaired.heads, (decltype(TimeRepaired::heads){{"c", 2}})) << scene.what;
    EXPECT_FALSE(planned->repaired.estimated) << scene.what;
  }
}

const Scene kWrong{"", -3 * kDay, kYear, 3 * kDay, kDay, {}, "", {}};

TEST(RepairPlan, EachNodeUsesADocumentOnce) {
  for (const auto* node : {"a", "b"}) {
    const auto planned =
        plan(kWrong, {{kDue, "d", 1, node, TimeRepaired{"T-1", kDue, "x", {}, false, ""}}});
    EXPECT_EQ(planned ? "" : planned.error().code, *node == 'a' ? "already-imported" : "");
  }
}

// The other node has repaired the dates, but not this node's clock.
TEST(RepairPlan, TakesBackWhatIsRepairedOnTheOtherNode) {
  const TimeRepaired told{"T-1", kDue, "x", {{"c", 2}}, false, ""};
  const auto planned = plan(kWrong, {{kDue, "d", 1, "b", told}});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->license, kDue);
  auto another = told;
  another.id = "T-0";
  EXPECT_EQ(plan(kWrong, {{kDue, "d", 1, "a", another}}).error().code, "jump-not-recorded")
      << "nothing is taken back twice";
}

// The other node is away, and what it wrote is known here.
TEST(RepairPlan, TakesBackWhatTheOtherNodeWroteTooIfItSaysWhy) {
  const Time later = kDue + kYear + kDay;
  const Fact jumped{later, "p", 1, "b", ClockJumped{kDue, later}};
  const Fact wrote{later + kDay, "p", 2, "b", NodeStopped{}};
  const auto planned = plan(kWrong, {jumped, wrote});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->repaired.heads, (decltype(TimeRepaired::heads){{"c", 2}, {"p", 2}}));
  auto alone = wrote;
  alone.seq = 1;
  EXPECT_EQ(plan(kWrong, {alone}).error().code, "jump-not-recorded");
}

TEST(RepairPlan, SaysWhenADateIsAnEstimate) {
  const Time to = kDue - 3 * kDay + kYear;
  const auto planned = plan(kWrong, {{to + 5 * kDay, "c", 3, "a", ClockJumped{to, to + 5 * kDay}}});
  ASSERT_TRUE(planned);
  EXPECT_TRUE(planned->repaired.estimated);
  EXPECT_EQ(planned->license, kDue) << "never before the document's time";
}

}  // namespace
}  // namespace latchkey
