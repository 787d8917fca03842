#include "core/deployment/witness.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/deployment/due_stamps.h"

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

// SPEC BUF-10, KEY-14: a database is lost while its node is off and the key is pulled meanwhile.
// What the peer remembers of that port is past, or the license would need no key any more.
TEST(Witness, APastThatComesBackFillsNoPort) {
  auto b = node("b");
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "hidkey", working("X"));
  b.merge(a.facts());

  Witness fresh({"a", "chain-new"});
  fresh.start(kStart + kDay, "1");
  fresh.merge(b.facts());
  fresh.reminded(kStart + kDay);
  EXPECT_TRUE(fresh.decide(kStart + kDay).keys.size() == 1) << "not enumerated yet: nobody knows";
  fresh.enumerated(kStart + kDay, {});
  EXPECT_EQ(fresh.decide(kStart + kDay).state, KeyState::missing);

  Witness late({"a", "chain-new"});
  late.start(kStart + kDay, "1");
  late.enumerated(kStart + kDay, {"p2"});
  late.key_read(kStart + kDay, "p2", "hidkey", working("Y"));
  late.merge(b.facts());
  late.reminded(kStart + kDay);
  const auto decision = late.decide(kStart + kDay);
  ASSERT_EQ(decision.keys.size(), 1u);
  EXPECT_EQ(decision.key_id, "Y") << "and what is there stays";
}

// SPEC KEY-12, BUF-10: the peer brings back that it was lost once, over a link that is up
TEST(Witness, APeerThatTalksIsNotLost) {
  auto a = node("a"), b = node("b");
  a.peer_joined(kStart, "b", "");
  b.merge(a.facts());
  a.peer_down(kStart);
  a.tick(kStart + seconds(30));
  const auto lost = a.facts();

  Witness restored({"a", "chain-new"});
  restored.merge(b.facts());
  restored.peer_up(kStart + kDay);
  restored.merge(lost);
  restored.reminded(kStart + kDay);
  EXPECT_FALSE(restored.decide(kStart + kDay).peer_unreachable);
}

// SPEC KEY-1, KEY-12: a node whose license time stands behind reads a key that the peer had before
// that, by a later date. What is in a port stays there, whatever the peer tells, and also where the
// link never gets up because the peer's disk is full.
TEST(Witness, WhatThePeerTellsUnseesNoKey) {
  for (const auto hear : {&Witness::peer_up, &Witness::told}) {
    auto a = node("a"), b = node("b");
    a.start(kStart, "1");
    a.peer_joined(kStart, "b", "");
    b.merge(a.facts());
    a.key_read(kStart + 20 * kDay, "p1", "hidkey", working("X"));
    a.key_gone(kStart + 21 * kDay, "p1");
    b.start(kStart + kDay, "1");
    b.enumerated(kStart + kDay, {"p9"});
    b.key_read(kStart + kDay, "p9", "hidkey", working("X"));
    b.merge(a.facts());
    EXPECT_EQ(b.decide(kStart + 22 * kDay).state, KeyState::missing) << "the dates say so";
    (b.*hear)(kStart + 22 * kDay);
    EXPECT_EQ(b.decide(kStart + 22 * kDay).state, KeyState::ready);
    b.take_new();
    (b.*hear)(kStart + 23 * kDay);
    EXPECT_TRUE(b.take_new().empty()) << "said once";
  }
}

// Two keys of one ID, a copy, must not make two linked nodes contradict each other for ever.
TEST(Witness, ACopyOfAKeyIsNoEndlessDispute) {
  auto a = node("a"), b = node("b");
  a.start(kStart, "1");
  a.peer_joined(kStart, "b", "");
  b.merge(a.facts());
  b.start(kStart, "1");
  a.peer_up(kStart);
  b.peer_up(kStart);
  a.key_read(kStart, "p1", "hidkey", working("X"));
  b.key_read(kStart, "p2", "hidkey", working("X"));
  exchange(a, b);
  a.take_new();
  b.take_new();
  a.told(kStart + kDay);
  b.told(kStart + kDay);
  EXPECT_TRUE(a.take_new().empty());
  EXPECT_TRUE(b.take_new().empty());
}

// SPEC BUF-10, KEY-14: a node that lost its database hears from its peer which key it had. That one
// was gone long before, so what comes back at that moment was away; at an agent's start it may only
// be slow to show up (KEY-11).
TEST(Witness, WhatALostDatabaseKnewIsNotHealed) {
  for (const bool forgotten : {false, true}) {
    auto before = node("a");
    before.start(kStart, "1");
    before.key_read(kStart + kDay, "p1", "hidkey", working("X"));
    const Time noticed = kStart + 20 * kDay;
    Witness a({"a", forgotten ? "chain-new" : "chain-a"});
    if (!forgotten) a.merge(before.facts());
    a.start(noticed, "1");
    a.enumerated(noticed, {});
    if (forgotten) a.merge(before.facts());
    a.reminded(noticed);
    a.key_read(noticed + seconds(1), "p2", "hidkey", working("X"));
    const auto decision = a.decide(noticed + seconds(1));
    EXPECT_EQ(decision.state, KeyState::ready);
    EXPECT_EQ(decision.history.count("X"), forgotten ? 1u : 0u);
  }
}

// SPEC KEY-6: what a node does after it heard of something is folded after it, also where a clock
// stands behind and both get the same date; else the names of the chains would turn them round.
TEST(Witness, WhatFollowsIsFoldedAfterwards) {
  Witness a({"a", "chain-z"}), b({"b", "chain-a"});
  a.start(kStart + hours(1), "1");
  a.key_read(kStart + hours(1), "p1", "hidkey", working("X"));
  b.merge(a.facts());
  b.start(kStart, "1");
  b.key_read(kStart, "p2", "hidkey", working("X"));
  a.merge(b.facts());
  for (const auto* witness : {&a, &b}) {
    const auto keys = witness->decide(kStart).keys;
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_EQ(keys[0].node, "b") << "it was seen there last";
  }
}

// SPEC BUF-10, KEY-12: what may turn out to be no removal is not written to the key
TEST(Witness, NoStampIsDueWhileThePeerIsSilent) {
  auto a = node("a");
  a.start(kStart, "1");
  a.peer_joined(kStart, "b", "");
  a.peer_up(kStart);
  a.key_read(kStart, "p1", "hidkey", working("X"));
  a.key_gone(kStart + kDay, "p1");
  a.key_read(kStart + 2 * kDay, "p2", "hidkey", working("X"));
  const auto due = [&] { return due_stamps(a, a.decide(kStart + 2 * kDay), "a"); };
  ASSERT_EQ(due().size(), 1u);
  EXPECT_EQ(due()[0].stamp, (RemovalStamp{kStart + kDay, kStart + 31 * kDay}));
  a.peer_down(kStart + 2 * kDay);
  EXPECT_TRUE(due().empty()) << "from the first moment on";
  a.tick(kStart + 2 * kDay + seconds(30));
  EXPECT_TRUE(due().empty());
  a.peer_up(kStart + 2 * kDay + seconds(40));
  EXPECT_EQ(due().size(), 1u);
}

// SPEC BUF-10, KEY-11, KEY-12: a third key that moves makes the state Fault, and so does one that
// the other node cannot tell of yet. That this ended the use of the key that stays is not for that
// key to remember before it is in use again.
TEST(Witness, NoStampIsDueWhileNoKeyIsInUse) {
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart, "p1", "hidkey", working("X"));
  const Time at = kStart + kDay;
  a.key_read(at, "p2", "hidkey", working("Y"));
  const auto due = [&](Time now) { return due_stamps(a, a.decide(now), "a"); };
  ASSERT_EQ(a.decide(at).state, KeyState::fault);
  EXPECT_TRUE(due(at + kDay).empty());
  a.key_gone(at + kDay, "p2");
  ASSERT_EQ(due(at + kDay).size(), 1u);
  EXPECT_EQ(due(at + kDay)[0].stamp, (RemovalStamp{at, at + 30 * kDay}));
}

// SPEC KEY-12: what a lost peer saw does not count yet, so it does not make a removal undone
// either: the key would be in the port that it left.
TEST(Witness, ALostPeerHealsNoRemoval) {
  auto a = node("a"), b = node("b");
  a.start(kStart, "1");
  a.peer_joined(kStart, "b", "");
  a.key_read(kStart, "p1", "hidkey", working("X"));
  b.merge(a.facts());
  a.peer_down(kStart);
  a.tick(kStart + seconds(30));
  a.key_gone(kStart + kDay, "p1");
  b.key_read(kStart + kDay + seconds(2), "p2", "hidkey", working("X"));
  a.merge(b.facts());
  EXPECT_EQ(a.decide(kStart + 2 * kDay).state, KeyState::missing);
  a.peer_up(kStart + 2 * kDay);
  const auto decision = a.decide(kStart + 2 * kDay);
  EXPECT_EQ(decision.state, KeyState::ready);
  EXPECT_TRUE(decision.history.empty()) << "it was moved within the settle time";
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

// SPEC BUF-10: a restored database takes the absence of its key for a first removal; the stamp
// knows better
TEST(Witness, AnOlderStampTellsWhatALaterRemovalInherited) {
  const RemovalStamp stamp{kStart + 2 * kDay, kStart + 32 * kDay};
  const std::pair<int, int> rows[] = {{30, 32}, {61, 32}, {62, 92}};  // removed -> until, in days
  for (const auto& [removed, until] : rows) {
    auto a = node("a");
    a.start(kStart, "1");
    a.key_read(kStart, "p1", "hidkey", working("X"));
    a.start(kStart + removed * kDay, "1");
    a.enumerated(kStart + removed * kDay, {});
    a.key_read(kStart + removed * kDay + hours(1), "p2", "hidkey", working("X", stamp));
    a.key_gone(kStart + removed * kDay + hours(2), "p2");
    const auto limit = std::min(kStart + until * kDay, kStart + (removed + 30) * kDay);
    EXPECT_EQ(a.decide(kStart + removed * kDay + hours(3)).buffer->until, limit) << removed;
  }
}

// SPEC BUF-10: damage is no gain: a key that left unseen left when the memory ends
TEST(Witness, AKeyThatADamagedHistoryStillBelievesInLeftWhenItEnds) {
  for (const bool damaged : {false, true}) {
    auto a = node("a");
    a.start(kStart, "1");
    a.key_read(kStart + kDay, "p1", "hidkey", working("X"));
    if (damaged) a.warn(kStart + 20 * kDay, "chain-broken", "what was wrong");
    a.start(kStart + 20 * kDay, "1");
    a.enumerated(kStart + 20 * kDay, {});
    const auto decision = a.decide(kStart + 20 * kDay);
    ASSERT_TRUE(decision.buffer) << damaged;
    EXPECT_EQ(decision.buffer->until,
              damaged ? kStart + 31 * kDay + Duration(1) : kStart + 50 * kDay);
    a.start(kStart + 21 * kDay, "1");
    EXPECT_EQ(a.decide(kStart + 21 * kDay).buffer, decision.buffer) << "once, for good";
  }
}

// SPEC BUF-10, TIME-2: a stamp of the future is the word of a wrong clock
TEST(Witness, AStampOfTheFutureLengthensNothing) {
  const RemovalStamp stamp{kStart + 700 * kDay, kStart + 730 * kDay};
  auto a = node("a");
  a.start(kStart, "1");
  a.key_read(kStart + kDay, "p1", "hidkey", working("X", stamp));
  a.key_gone(kStart + 2 * kDay, "p1");
  const auto decision = a.decide(kStart + 2 * kDay);
  ASSERT_TRUE(decision.buffer);
  EXPECT_EQ(decision.buffer->until, kStart + kDay) << "over when the key was read";
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
