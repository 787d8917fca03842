// gtest first: rapidcheck's gtest support needs it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "core/deployment/witness.h"

namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};

constexpr int kKinds = 13;  // of `fact_of`

/// One thing that a node writes down, some time after the one before.
struct Note {
  int node;   // 0, 1
  int kind;   // what of `fact_of`
  int key;    // 0..2
  int pause;  // of kPauses
};

void showValue(const Note& note, std::ostream& out) {
  out << '{' << note.node << ',' << note.kind << ',' << note.key << ',' << note.pause << '}';
}

constexpr Duration kPauses[] = {Duration(0),
                                std::chrono::seconds(1),
                                std::chrono::seconds(3),
                                std::chrono::seconds(31),
                                kDay,
                                29 * kDay,
                                30 * kDay,
                                60 * kDay};

rc::Gen<std::vector<Note>> notes() {
  return rc::gen::container<std::vector<Note>>(
      rc::gen::build<Note>(rc::gen::set(&Note::node, rc::gen::inRange(0, 2)),
                           rc::gen::set(&Note::kind, rc::gen::inRange(0, kKinds)),
                           rc::gen::set(&Note::key, rc::gen::inRange(0, 3)),
                           rc::gen::set(&Note::pause, rc::gen::inRange(0, 8))));
}

std::string key_name(int key) { return "K" + std::to_string(key); }

std::string document(int key, int age) {
  return "d" + std::to_string(key) + "-" + std::to_string(age);
}

LicenseSummary license(int key, int age) {
  const Time issued = kStart + (key + 10 * age) * kDay;
  return {document(key, age), "l", issued, {{kStart, kStart + 20000 * kDay}}};
}

KeyReading working(int key, int age = 0) { return {{}, key_name(key), license(key, age), {}, ""}; }

FactBody fact_of(const Note& note) {
  const std::string port = "p" + std::to_string(note.key);
  const std::string peer = note.node == 0 ? "b" : "a";
  switch (note.kind) {
    case 0:
    case 1:
      return KeyRead{port, "test", working(note.key)};
    case 2:
    case 3:
      return KeyGone{port, false};
    case 4:
      return KeyRead{port, "test", {KeyFault::unreadable, "", {}, {}, ""}};
    case 5:
      return PeerLost{peer};
    case 6:
      return PeerFound{peer};
    case 7:
      return LicenseImported{key_name(note.key), license(note.key, note.pause % 3), "root", "file"};
    case 8:
      return KeyRead{port, "test", {KeyFault::unprovisioned, key_name(note.key), {}, {}, ""}};
    case 9:
      return KeyRead{port, "test", {KeyFault::license_invalid, key_name(note.key), {}, {}, ""}};
    case 10:
      return KeyRead{port, "test", working(note.key, 1)};
    case 11:
      return LicenseWithdrawn{key_name(note.key), document(note.key, note.pause % 3), "l",
                              "revoked"};
    default:
      return NodeStarted{"1"};
  }
}

std::vector<Fact> facts_of(const std::vector<Note>& notes) {
  std::vector<Fact> facts;
  Time at = kStart;
  std::uint64_t seq[2] = {0, 0};
  for (const auto& note : notes) {
    at += kPauses[note.pause];
    const std::string name = note.node == 0 ? "a" : "b";
    facts.push_back({at, "chain-" + name, ++seq[note.node], name, fact_of(note)});
  }
  return facts;
}

void expect_same(const Decision& a, const Decision& b) {
  RC_ASSERT(a.state == b.state);
  RC_ASSERT(a.reason == b.reason);
  RC_ASSERT(a.key_id == b.key_id);
  RC_ASSERT(a.buffer == b.buffer);
  RC_ASSERT(a.usable == b.usable);
  RC_ASSERT(a.entries_until == b.entries_until);
  RC_ASSERT(a.history == b.history);
  RC_ASSERT(a.license == b.license);
  RC_ASSERT(a.keys.size() == b.keys.size());
  for (std::size_t i = 0; i < a.keys.size(); ++i) {
    RC_ASSERT(a.keys[i].holding.license == b.keys[i].holding.license);
    RC_ASSERT(a.keys[i].holding.to_write == b.keys[i].holding.to_write);
  }
}

Time end_of(const std::vector<Fact>& facts) { return facts.empty() ? kStart : facts.back().at; }

// SPEC KEY-6, KEY-12: late facts, doubled facts, in any order
RC_GTEST_PROP(FoldProperty, ArrivalOrderDoesNotMatter, (std::uint32_t seed)) {
  auto facts = facts_of(*notes());
  const Time now = end_of(facts);
  auto shuffled = facts;
  if (!facts.empty()) shuffled.push_back(facts[seed % facts.size()]);
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed));
  for (const char* self : {"a", "b", ""})
    expect_same(fold(facts, {self}, now), fold(shuffled, {self}, now));
  Witness late({"a", "chain-x"});
  for (auto& fact : shuffled) late.merge({fact});
  expect_same(fold(facts, {"a"}, now), late.decide(now));
}

// SPEC KEY-6: two nodes that have each other see the same
RC_GTEST_PROP(FoldProperty, ConnectedNodesAgree, ()) {
  auto facts = facts_of(*notes());
  const Time now = end_of(facts) + std::chrono::hours(1);
  facts.push_back({now, "chain-a", 100000, "a", PeerFound{"b"}});
  facts.push_back({now, "chain-b", 100000, "b", PeerFound{"a"}});
  expect_same(fold(facts, {"a"}, now), fold(facts, {"b"}, now));
}

// SPEC BUF-1…4: a buffer is never longer than BUF allows
RC_GTEST_PROP(FoldProperty, BufferIsNeverTooLong, ()) {
  const auto facts = facts_of(*notes());
  for (std::size_t count = 0; count <= facts.size(); ++count) {
    const std::vector<Fact> known(facts.begin(),
                                  facts.begin() + static_cast<std::ptrdiff_t>(count));
    const auto decision = fold(known, {}, end_of(known));
    if (!decision.buffer) continue;
    const auto& buffer = *decision.buffer;
    const auto& history = decision.history.at(buffer.key_id);
    RC_ASSERT(buffer.until - buffer.since <= (history.removals == 1 ? kFirstBuffer : kLaterBuffer));
    RC_ASSERT(decision.usable == (decision.at < buffer.until));
    RC_ASSERT(decision.state == KeyState::missing || decision.state == KeyState::fault);
  }
}

// SPEC KEY-1, KEY-2, KEY-7
RC_GTEST_PROP(FoldProperty, AWorkingKeyInExactlyOnePlaceIsReady, ()) {
  auto facts = facts_of(*notes());
  const Time now = end_of(facts) + std::chrono::hours(1);
  std::uint64_t seq = 100000;
  for (const char* node : {"a", "b"})
    for (const char* port : {"p0", "p1", "p2"})
      facts.push_back({now, std::string("chain-") + node, ++seq, node, KeyGone{port, false}});
  facts.push_back({now, "chain-a", ++seq, "a", PeerFound{"b"}});
  facts.push_back({now, "chain-b", ++seq, "b", PeerFound{"a"}});
  const Time later = now + std::chrono::hours(1);
  facts.push_back({later, "chain-b", ++seq, "b", KeyRead{"p9", "test", working(1)}});
  for (const char* self : {"a", "b"}) {
    const auto decision = fold(facts, {self}, later);
    RC_ASSERT(decision.state == KeyState::ready);
    RC_ASSERT(decision.key_id == "K1");
    RC_ASSERT(decision.usable);
    RC_ASSERT(!decision.buffer);
  }
}

std::set<std::string> withdrawn_in(const std::vector<Fact>& facts) {
  std::set<std::string> documents;
  for (const auto& fact : facts)
    if (const auto* withdrawn = std::get_if<LicenseWithdrawn>(&fact.body))
      documents.insert(withdrawn->document);
  return documents;
}

/// When the license issued last for this key was issued: by what it carries and what was installed
/// and not withdrawn.
std::optional<Time> issued_last(const KeyReading& reading, const std::vector<Fact>& facts) {
  std::optional<Time> last;
  if (reading.works()) last = reading.license->issued;
  const auto withdrawn = withdrawn_in(facts);
  for (const auto& fact : facts) {
    const auto* imported = std::get_if<LicenseImported>(&fact.body);
    if (imported == nullptr || imported->key_id != reading.key_id) continue;
    if (withdrawn.count(imported->license.document) == 0)
      last = std::max(last.value_or(Time{}), imported->license.issued);
  }
  return last;
}

// SPEC LIC-8, KEY-3
RC_GTEST_PROP(FoldProperty, TheLicenseIssuedLastCountsAndHealsNoOtherFault, ()) {
  const auto facts = facts_of(*notes());
  for (const auto& key : fold(facts, {}, end_of(facts)).keys) {
    const auto& holding = key.holding;
    if (!key.reading.works() && key.reading.fault != KeyFault::unprovisioned) {
      RC_ASSERT(!holding.license);
      continue;
    }
    const auto last = issued_last(key.reading, facts);
    RC_ASSERT(holding.license.has_value() == last.has_value());
    if (!last) continue;
    RC_ASSERT(holding.license->issued == *last);
    RC_ASSERT(holding.on_key || holding.kept);
    RC_ASSERT(holding.to_write.empty() == holding.on_key);
  }
}

// SPEC LIC-8: that the document reaches the key changes where it is kept and nothing else
RC_GTEST_PROP(FoldProperty, WritingTheLicenseToTheKeyChangesNothing, ()) {
  auto facts = facts_of(*notes());
  const Time now = end_of(facts);
  const auto before = fold(facts, {}, now);
  std::uint64_t seq = 100000;
  for (const auto& key : before.keys) {
    if (!key.holding.license || key.holding.to_write.empty()) continue;
    const KeyReading written{{}, key.reading.key_id, key.holding.license, {}, ""};
    facts.push_back(
        {now, "chain-" + key.node, ++seq, key.node, KeyRead{key.port, key.driver, written}});
  }
  const auto after = fold(facts, {}, now);
  RC_ASSERT(after.state == before.state);
  RC_ASSERT(after.key_id == before.key_id);
  RC_ASSERT(after.license == before.license);
  RC_ASSERT(after.buffer == before.buffer);
  RC_ASSERT(after.history == before.history);
  for (const auto& key : after.keys)
    if (key.holding.license) RC_ASSERT(key.holding.to_write.empty());
}

}  // namespace
}  // namespace latchkey
