#include "core/deployment/repaired_dates.h"

#include <gtest/gtest.h>

#include <random>

#include "core/deployment/fold.h"
#include "core/deployment/repair_plan.h"
#include "core/deployment/witness.h"

// SPEC TIME-2: after a repair everything is as if the clock had never been wrong; where that cannot
// be known, nothing lasts longer than it truly would.
namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::sys_days(std::chrono::November / 21 / 2026)};
constexpr Duration kJump = 700 * kDay;
constexpr int kRuns = 400;

KeyReading working() {
  return {{}, "X", LicenseSummary{"doc", "lic", kStart, {{kStart, kStart + 500 * kDay}}}, {}, ""};
}

/// One node twice: witnessed in true time, and by a clock that goes wrong.
class Twins {
 public:
  explicit Twins(unsigned seed) : random_(seed) {
    act([](Witness& w, Time at) { w.start(at, "1"); });
  }
  /// Some days pass, then the key is plugged or pulled.
  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      now += some(40 * kDay);
      plugged_ = !plugged_;
      act([this](Witness& w, Time time) {
        if (plugged_)
          w.key_read(time, "p", "hidkey", working());
        else
          w.key_gone(time, "p");
      });
    }
  }
  void jump() {
    wrong.clock_jumped(now + lead_ + kJump, {now + lead_, now + lead_ + kJump});
    lead_ += kJump;
  }
  /// The machine is off for a while: license time goes forward as it should, and says so too.
  void be_off() {
    const auto off = std::chrono::hours(25) + some(20 * kDay);
    wrong.clock_jumped(now + off + lead_, {now + lead_, now + off + lead_});
    now += off;
  }
  Result<RepairPlan> plan(Time document) const {
    return plan_repair({"T-1", "", "issuer", document, now + kDay},
                       {wrong.recorded(), "a", {now + lead_, now}});
  }
  void repair(Time document) {
    auto planned = plan(document);
    ASSERT_TRUE(planned) << planned.error().code;
    EXPECT_LE(planned->license, now) << "no later than it is";
    lead_ = {};
    wrong.time_repaired(now, "new", std::move(planned->repaired));
  }
  Decision truth() const { return right.decide(now); }
  Decision repaired() const { return wrong.decide(now); }
  Duration some(Duration most) {
    return Duration(std::uniform_int_distribution<std::int64_t>(1, most.count())(random_));
  }

  Time now = kStart;
  Witness right{{"a", "chain"}}, wrong{{"a", "chain"}};

 private:
  template <class Act>
  void act(Act action) {
    action(right, now);
    action(wrong, now + lead_);
  }
  std::mt19937 random_;
  Duration lead_{};
  bool plugged_ = false;
};

void expect_same(const Decision& a, const Decision& b) {
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.usable, b.usable);
  EXPECT_EQ(a.buffer, b.buffer);
  EXPECT_EQ(a.history, b.history);
  EXPECT_EQ(a.next_change, b.next_change);
}

void expect_no_longer(const Decision& repaired, const Decision& truth) {
  EXPECT_EQ(repaired.state, truth.state);
  EXPECT_TRUE(truth.usable || !repaired.usable);
  if (repaired.buffer && truth.buffer) {
    EXPECT_LE(repaired.buffer->until, truth.buffer->until);
  }
}

TEST(RepairedDates, AreThoseOfAClockThatWasNeverWrong) {
  for (unsigned seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Twins twins(seed);
    twins.live(static_cast<int>(seed % 4));
    const Time before = twins.now;
    twins.jump();
    twins.live(static_cast<int>(seed % 5));
    if (twins.now == before) twins.now += kDay;
    twins.repair(before + (twins.now - before) / 2);
    expect_same(twins.repaired(), twins.truth());
    twins.live(static_cast<int>(seed % 3));
    expect_same(twins.repaired(), twins.truth());
  }
}

// SPEC BUF-10: of two jumps only one need have been wrong
TEST(RepairedDates, LengthenNothingWhenOneOfTheJumpsWasRight) {
  for (unsigned seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(seed);
    Twins twins(seed);
    twins.live(static_cast<int>(seed % 4));
    twins.jump();
    twins.live(static_cast<int>(seed % 3));
    twins.be_off();
    twins.live(static_cast<int>(seed % 5));
    twins.repair(twins.now);
    for (int after = 0; after < 4; ++after) {
      expect_no_longer(twins.repaired(), twins.truth());
      twins.live(1);
    }
  }
}

// Both nodes fold the same, whatever order facts arrived in, and a restart changes nothing.
TEST(RepairedDates, DoNotDependOnTheOrderOfArrival) {
  Twins twins(7);
  twins.live(3);
  twins.jump();
  twins.live(3);
  twins.repair(twins.now);
  const auto facts = twins.wrong.take_new();
  Witness peer({"b", "other"}), again({"a", "new"});
  for (auto fact = facts.rbegin(); fact != facts.rend(); ++fact) peer.merge({*fact});
  again.merge(facts);
  EXPECT_EQ(peer.facts(), twins.wrong.facts());
  EXPECT_EQ(again.facts(), twins.wrong.facts());
  expect_same(fold(peer.facts(), {"a"}, twins.now), twins.repaired());
}

// Dates never decrease within a chain, so the node goes on in another one.
TEST(RepairedDates, TheNodeWritesOnInANewChain) {
  Twins twins(1);
  twins.live(1);
  twins.jump();
  twins.live(2);
  twins.wrong.take_new();
  twins.repair(twins.now);
  twins.live(1);
  const auto facts = twins.wrong.take_new();
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].chain + std::to_string(facts[0].seq), "new1");
  EXPECT_EQ(std::get<TimeRepaired>(facts[0].body).heads,
            (decltype(TimeRepaired::heads){{"chain", 5}}));
  EXPECT_EQ(facts[1].at, twins.now) << "and is not dragged along by what was dated wrongly";
}

// SPEC BUF-10: a key that was away meanwhile brings a stamp of the wrong clock
TEST(RepairedDates, AStampGoesBackAsTheFactsDo) {
  const Time read = kStart + 100 * kDay;
  const RemovalStamp wrong{read + 690 * kDay, read + 720 * kDay};
  const auto back = [&](Duration lead) {
    return RemovalStamp{wrong.removed_at - lead, wrong.buffer_until - lead};
  };
  const struct {
    const char* what;
    WrongLeads leads;
    RemovalStamp stamp, expected;
  } rows[] = {
      {"as far as the clock was wrong", {kJump}, wrong, back(kJump)},
      {"no clock was wrong", {}, wrong, wrong},
      {"no clock was that wrong", {10 * kDay}, wrong, wrong},
      {"later removal, earlier end",
       {kJump, 2 * kJump},
       wrong,
       {wrong.removed_at - kJump, wrong.buffer_until - 2 * kJump}},
      {"one of a right clock", {kJump}, {read, read + kDay}, {read, read + kDay}},
  };
  for (const auto& row : rows)
    EXPECT_EQ(with_repaired_date(row.stamp, read, row.leads), row.expected) << row.what;
}

}  // namespace
}  // namespace latchkey
