#include "core/deployment/witness.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Time kStart{hours(24 * 365 * 56)};
constexpr Time kFarFuture = kStart + 3650 * kDay;

KeyReading working(const std::string& id, std::optional<RemovalStamp> stamp = {}) {
  return {{}, id, LicenseSummary{"doc", "lic", kStart, {{kStart, kFarFuture}}}, stamp, ""};
}

Witness node(const std::string& name) { return Witness({name, "chain-" + name}); }

void exchange(Witness& a, Witness& b) {
  const auto first = a.facts();
  a.merge(b.facts());
  b.merge(first);
}

TEST(Witness, ReadingThatSaysNothingNewAddsNoFact) {
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "hidkey", working("X"));
  EXPECT_EQ(a.take_new().size(), 2u);
  a.key_read(kStart + hours(1), "p1", "hidkey", working("X"));
  EXPECT_TRUE(a.take_new().empty());
  a.key_read(kStart + hours(2), "p1", "hidkey", {KeyFault::unreadable, "", {}, {}, "silent"});
  a.key_read(kStart + hours(3), "p1", "hidkey", {KeyFault::unreadable, "", {}, {}, "garbage"});
  EXPECT_EQ(a.take_new().size(), 1u);
}

// SPEC REC-1: refused uploads are recorded, and no stream of them fills the disk
TEST(Witness, RefusalsAreBoundedPerDay) {
  const ImportRefused refusal{"expired", std::string(70'000, 'x'), "mary", "file", "ee"};
  const auto flood = [&](Witness& w, Time at) {
    for (std::size_t i = 0; i < 2 * kMaxRefusals; ++i) w.import_refused(at, refusal);
    return w.take_new();
  };
  auto a = node("a");
  const auto first = flood(a, kStart);
  ASSERT_EQ(first.size(), kMaxRefusals);
  for (const auto& fact : first) EXPECT_TRUE(decode_fact(encode(fact, "").text));
  EXPECT_EQ(std::get<ImportRefused>(first.front().body).detail.size(), kMaxRefusalDetail);
  EXPECT_TRUE(std::get<ImportRefused>(first.back().body).detail.ends_with("only in the log.)"));

  auto restarted = node("a");
  restarted.merge(first);
  EXPECT_TRUE(flood(restarted, kStart + kDay - Duration(1)).empty());
  EXPECT_EQ(flood(restarted, kStart + kDay).size(), kMaxRefusals);
  auto b = node("b");
  exchange(a, b);
  EXPECT_EQ(flood(b, kStart).size(), kMaxRefusals) << "each node has its own measure";
}

TEST(Witness, GoneWithoutAReadingAddsNoFact) {
  auto a = node("a");
  a.start(kStart, "1");
  a.take_new();
  a.key_gone(kStart, "p1");
  EXPECT_TRUE(a.take_new().empty());
}

// SPEC KEY-11: a card may leave its reader and come back, all on one port
TEST(Witness, ACardMayComeBackToTheSamePort) {
  const struct {
    Duration away;
    int removals;
  } cases[] = {{seconds(3), 0}, {seconds(4), 1}, {hours(5), 1}};
  for (const auto& c : cases) {
    auto a = node("a");
    a.start(kStart, "1");
    a.key_read(kStart, "p1", "piv", working("X"));
    a.key_gone(kStart + kDay, "p1");
    EXPECT_EQ(a.decide(kStart + kDay).state, KeyState::missing);
    a.key_read(kStart + kDay + c.away, "p1", "piv", working("X"));
    const auto decision = a.decide(kStart + kDay + c.away);
    EXPECT_EQ(decision.state, KeyState::ready);
    EXPECT_EQ(decision.keys.size(), 1u);
    const auto known = decision.history.find("X");
    EXPECT_EQ(known == decision.history.end() ? 0 : known->second.removals, c.removals);
  }
}

// SPEC KEY-9: another card in the same reader
TEST(Witness, AnotherCardMayTakeThePort) {
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "piv", working("X"));
  a.key_gone(kStart + kDay, "p1");
  a.key_read(kStart + kDay, "p1", "piv", working("Y"));
  const auto decision = a.decide(kStart + kDay);
  EXPECT_EQ(decision.key_id, "Y");
  EXPECT_FALSE(decision.buffer);
}

// SPEC KEY-14: the reader stayed, its card was taken while the agent was down
TEST(Witness, ACardTakenWhileDownIsMarkedAsThat) {
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "piv", working("X"));
  a.key_read(kStart, "p2", "piv", working("Y"));
  a.start(kStart + kDay, "1");
  a.enumerated(kStart + kDay, {"p1", "p2"});
  a.key_read(kStart + kDay, "p2", "piv", working("Y"));
  a.take_new();
  a.key_gone(kStart + kDay, "p1");
  a.key_gone(kStart + kDay, "p2");
  const auto facts = a.take_new();
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(std::get<KeyGone>(facts[0].body), (KeyGone{"p1", true}));
  EXPECT_EQ(std::get<KeyGone>(facts[1].body), (KeyGone{"p2", false}));
}

// SPEC BUF-10: a node that forgot everything learns the last removal from the key itself
TEST(Witness, TheKeysStampBringsTheHistoryBack) {
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "hidkey",
             working("X", RemovalStamp{kStart - 10 * kDay, kStart + 20 * kDay}));
  a.key_gone(kStart + kDay, "p1");
  const auto decision = a.decide(kStart + 2 * kDay);
  ASSERT_TRUE(decision.buffer);
  EXPECT_EQ(decision.buffer->until, kStart + 20 * kDay);
}

// SPEC BUF-10: what is known here and is newer than the stamp stays
TEST(Witness, AnOlderStampChangesNothing) {
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "hidkey", working("X"));
  a.key_gone(kStart + kDay, "p1");
  a.key_read(kStart + 2 * kDay, "p2", "hidkey",
             working("X", RemovalStamp{kStart - 100 * kDay, kStart - 70 * kDay}));
  a.key_gone(kStart + 3 * kDay, "p2");
  EXPECT_EQ(a.decide(kStart + 3 * kDay).buffer->until, kStart + 31 * kDay);
}

// SPEC TIME-3: clocks that differ by hours do not turn cause and effect round
TEST(Witness, FactsOfANodeWhoseClockIsBehindComeAfterWhatItKnew) {
  auto a = node("a");
  auto b = node("b");
  a.start(kStart, "1");
  a.peer_joined(kStart, "b", "");
  b.start(kStart + hours(5), "1");
  exchange(a, b);
  b.key_read(kStart + hours(5), "p1", "hidkey", working("X"));
  b.key_gone(kStart + hours(6), "p1");
  exchange(a, b);
  a.key_read(kStart + hours(1), "p1", "hidkey", working("X"));  // really later
  exchange(a, b);
  for (auto* witness : {&a, &b}) {
    EXPECT_EQ(witness->decide(kStart + hours(1)).state, KeyState::ready);
    EXPECT_EQ(witness->decide(kStart + hours(7)).key_id, "X");
  }
}

// SPEC KEY-12
TEST(Witness, HoldRunsOnceAndFromTheFirstSilence) {
  auto a = node("a");
  a.start(kStart, "1");
  a.peer_joined(kStart, "b", "");
  EXPECT_FALSE(a.next_tick());
  a.peer_down(kStart);
  a.peer_down(kStart + seconds(10));
  EXPECT_EQ(a.next_tick(), kStart + seconds(30));
  a.tick(kStart + seconds(29));
  EXPECT_FALSE(a.decide(kStart + seconds(29)).peer_unreachable);
  a.tick(kStart + seconds(30));
  EXPECT_TRUE(a.decide(kStart + seconds(30)).peer_unreachable);
  EXPECT_FALSE(a.next_tick());
  a.peer_up(kStart + hours(1));
  EXPECT_FALSE(a.decide(kStart + hours(1)).peer_unreachable);
}

TEST(Witness, ReplacedMemberTakesItsKeysAlong) {
  auto a = node("a");
  auto b = node("b");
  a.start(kStart, "1");
  a.peer_joined(kStart, "b", "");
  b.start(kStart, "1");
  b.key_read(kStart, "p1", "hidkey", working("X"));
  b.node_factors(kStart, {"dd", {{"dmi-uuid", std::string(64, '1')}}, {}});
  exchange(a, b);
  EXPECT_EQ(a.decide(kStart).state, KeyState::ready);
  EXPECT_EQ(a.decide(kStart).factors.count("b"), 1u);
  a.peer_down(kStart + hours(1));
  a.tick(kStart + hours(2));
  a.peer_joined(kStart + hours(3), "c", "b");
  const auto decision = a.decide(kStart + hours(3));
  EXPECT_EQ(decision.state, KeyState::missing);
  EXPECT_FALSE(decision.peer_unreachable);
  EXPECT_EQ(decision.nodes, (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(decision.factors.empty());
  EXPECT_EQ(a.peer(), "c");
}

// SPEC BUF-9, BUF-3: the forecast is what then happens, 0 days included
TEST(Witness, ForecastIsWhatARemovalDoes) {
  auto a = node("a");
  a.start(kStart, "1");
  const int removals[] = {1, 5, 29, 59, 70, 130, 200, 290};  // days
  int port = 0;
  for (const int day : removals) {
    const Time at = kStart + day * kDay;
    const std::string name = "p" + std::to_string(port++);
    a.key_read(at - hours(1), name, "hidkey", working("X"));
    const auto forecast = a.decide(at).if_removed;
    ASSERT_TRUE(forecast) << day;
    a.key_gone(at, name);
    EXPECT_EQ(a.decide(at).buffer->until, forecast->until(at)) << day;
  }
}

}  // namespace
}  // namespace latchkey
