// gtest first: rapidcheck's gtest support needs it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "core/deployment/witness.h"
#include "core/pool/capacity.h"

namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};
constexpr Duration kPauses[] = {Duration(1), std::chrono::hours(1), kDay, 29 * kDay, 61 * kDay};
const std::string kMachine(64, 'a'), kDeployment(64, 'd');
constexpr char kKey[] = "K";

struct Line {
  const char* object;
  const char* unit;
  std::uint64_t quantity;
  EntryKind kind;
  int from, to;  // days
};
constexpr auto kBase = EntryKind::base, kModule = EntryKind::module;

/// What the vendor issued, one document each; the first one is for the key.
constexpr std::array kLines{Line{"kvm", "cpu-socket", 5, kBase, 0, 300},
                            Line{"kvm", "cpu-socket", 7, kBase, 0, 40},
                            Line{"kvm", "host", 3, kBase, 20, 400},
                            Line{"vmware", "cpu-socket", 4, kBase, 0, 90},
                            Line{"tenant", "deployment", 2, kModule, 0, 200},
                            Line{"cdp", "vm", 9, kModule, 5, 500},
                            Line{"cdp", "vm", 11, kModule, 0, 30}};
constexpr int kDocuments = static_cast<int>(kLines.size());

std::string name(int document) { return "doc-" + std::to_string(document); }

std::shared_ptr<const StoredLicense> stored(int number) {
  const auto& line = kLines[static_cast<std::size_t>(number)];
  LicenseDocument document;
  document.id = name(number);
  document.issued = kStart + number * kDay;
  document.binding = DeploymentBinding{kDeployment, {{"a", {{"machine-id", kMachine}}}}, 1};
  if (number == 0) document.binding = KeyBinding{kKey};
  document.entries = {{line.object,
                       line.unit,
                       line.quantity,
                       line.kind,
                       {kStart + line.from * kDay, kStart + line.to * kDay},
                       {}}};
  return std::make_shared<const StoredLicense>(StoredLicense{name(number), document});
}

std::shared_ptr<const StoredLicense> find(const std::string& hash) {
  return stored(std::stoi(hash.substr(4)));
}

LicenseSummary summary(int number) { return summarise(stored(number)->document, name(number)); }

Entitlements entitled(const Decision& decision) {
  return entitle(decision, {default_catalog(), kDeployment, {}, find});
}

/// What a node does, some time after what was done before.
struct Deed {
  int node;      // 0, 1
  int kind;      // of `act`
  int document;  // 0..kDocuments - 1
  int pause;     // of kPauses
};
void showValue(const Deed& deed, std::ostream& out) {
  out << '{' << deed.node << ',' << deed.kind << ',' << deed.document << ',' << deed.pause << '}';
}

rc::Gen<std::vector<Deed>> deeds() {
  return rc::gen::container<std::vector<Deed>>(
      rc::gen::build<Deed>(rc::gen::set(&Deed::node, rc::gen::inRange(0, 2)),
                           rc::gen::set(&Deed::kind, rc::gen::inRange(0, 8)),
                           rc::gen::set(&Deed::document, rc::gen::inRange(1, kDocuments)),
                           rc::gen::set(&Deed::pause, rc::gen::inRange(0, 5))));
}

/// Two nodes that tell each other nothing unless a deed says so.
struct Pair {
  Pair() {
    for (auto* node : {&a, &b}) {
      node->start(kStart, "1");
      node->node_factors(kStart, {kDeployment, {{"machine-id", kMachine}}, {}});
    }
  }
  void act(const Deed& deed) {
    now += kPauses[deed.pause];
    auto& node = deed.node == 0 ? a : b;
    switch (deed.kind) {
      case 0:
        return node.license_deleted(now, {name(deed.document), name(deed.document), "root"});
      case 1:
        return node.license_withdrawn(now,
                                      {"", name(deed.document), name(deed.document), "revoked"});
      case 2:
        return node.key_read(now, "p", "hidkey", {{}, kKey, summary(0), {}, ""});
      case 3:
        return node.key_gone(now, "p");
      case 4:
        return meet();
      default:
        return node.license_imported(now, {"", summary(deed.document), "root", "file"});
    }
  }
  void meet() {
    const auto first = a.facts();
    a.merge(b.facts());
    b.merge(first);
  }

  Witness a{{"a", "chain-a"}}, b{{"b", "chain-b"}};
  Time now = kStart;
};

Pair played(const std::vector<Deed>& deeds) {
  Pair pair;
  for (const auto& deed : deeds) pair.act(deed);
  return pair;
}

using Totals = std::map<PoolId, std::uint64_t>;
Totals totals(const Entitlements& entitlements) {
  Totals out;
  for (const auto& [id, pool] : capacity(entitlements, {}, default_catalog()).pools)
    if (pool.total > 0) out[id] = pool.total;
  return out;
}

std::vector<std::string> files(const Decision& decision) {
  std::vector<std::string> out;
  for (const auto& kept : decision.kept) out.push_back(kept.license.document);
  return out;
}

// SPEC LIC-10, KEY-6, POOL-1: whoever hears of what first, and in whatever order facts arrive, both
// nodes have the same licenses and the same pools.
RC_GTEST_PROP(Pools, MergingCommutes, ()) {
  auto pair = played(*deeds());
  auto shuffled = pair.a.facts();
  const auto& others = pair.b.facts();
  shuffled.insert(shuffled.end(), others.begin(), others.end());
  std::shuffle(shuffled.begin(), shuffled.end(),
               std::mt19937(*rc::gen::arbitrary<std::uint32_t>()));
  const auto any = fold(shuffled, {}, pair.now);
  pair.meet();
  for (const auto* node : {&pair.a, &pair.b}) {
    const auto decision = node->decide(pair.now);
    RC_ASSERT(files(decision) == files(any));
    RC_ASSERT(totals(entitled(decision)) == totals(entitled(any)));
  }
}

// SPEC LIC-4, LIC-7: a document counts once, however many nodes took it in before they met.
RC_GTEST_PROP(Pools, AnImportIsIdempotent, ()) {
  auto pair = played(*deeds());
  pair.meet();
  const int document = *rc::gen::inRange(1, kDocuments);
  const Deed import{0, 7, document, 0};
  pair.act(import);
  const auto once = pair.a.decide(pair.now);
  const auto before = totals(entitled(once));
  pair.act({1, 7, document, 0});
  pair.meet();
  const auto twice = pair.a.decide(once.at);
  RC_ASSERT(files(twice) == files(once));
  auto at_once = twice;
  at_once.at = once.at;
  RC_ASSERT(totals(entitled(at_once)) == before);
}

// SPEC LIC-2: what was deleted is gone on both nodes, and everything else is as it was.
RC_GTEST_PROP(Pools, ADeletionTakesOneDocument, ()) {
  auto pair = played(*deeds());
  pair.meet();
  auto should = files(pair.a.decide(pair.now));
  const int document = *rc::gen::inRange(1, kDocuments);
  std::erase(should, name(document));
  pair.act({*rc::gen::inRange(0, 2), 0, document, *rc::gen::inRange(0, 5)});
  pair.meet();
  RC_ASSERT(files(pair.a.decide(pair.now)) == should);
  RC_ASSERT(files(pair.b.decide(pair.now)) == should);
}

// SPEC POOL-1, POOL-2: a total is the sum of the entries that count, each with its own validity.
RC_GTEST_PROP(Pools, ATotalIsTheSumOfWhatCounts, ()) {
  const auto pair = played(*deeds());
  const auto decision = pair.a.decide(pair.now);
  const auto entitlements = entitled(decision);
  Totals sum;
  for (const auto& entry : entitlements.entries) {
    const auto& validity = entry.entry->validity;
    if (!entry.counts()) continue;
    RC_ASSERT(validity.not_before <= decision.at && decision.at < validity.not_after);
    sum[{entry.entry->object, entry.entry->unit}] += entry.entry->quantity;
  }
  RC_ASSERT(totals(entitlements) == sum);
}

// SPEC POOL-2: another license takes nothing from a pool of another object, nor from its own if
// that is a base one (of a module's two sources one may hide the other, LIC-3).
RC_GTEST_PROP(Pools, AnotherLicenseLowersNoOtherPool, ()) {
  auto pair = played(*deeds());
  const int document = *rc::gen::inRange(1, kDocuments);
  const auto& line = kLines[static_cast<std::size_t>(document)];
  const auto before = pair.a.decide(pair.now);
  pair.act({0, 7, document, 0});
  auto after = pair.a.decide(pair.now);
  auto then = before;
  then.at = after.at;  // time goes on without the license, too
  const auto more = totals(entitled(after));
  for (const auto& [id, total] : totals(entitled(then)))
    if (id.object != line.object || line.kind == kBase)
      RC_ASSERT(more.count(id) == 1 && more.at(id) >= total);
}

// SPEC POOL-3, POOL-6, LIC-12: what is used is served by the pool itself, by the one it draws on,
// or is over; nothing is served twice.
RC_GTEST_PROP(Pools, WhatIsUsedIsServedOnceOrOver, ()) {
  const auto pair = played(*deeds());
  Usage usage;
  for (const char* object : {"kvm", "vmware", "cdp"})
    for (const char* unit : {"cpu-socket", "vm"})
      if (const int used = *rc::gen::inRange(0, 30); used > 5)
        usage[{object, unit}] = static_cast<std::uint64_t>(used);
  const auto pools = capacity(entitled(pair.a.decide(pair.now)), usage, default_catalog()).pools;
  std::uint64_t drawn = 0, lent = 0;
  for (const auto& [id, pool] : pools) {
    const auto own = pool.used - pool.drawn - pool.over;
    RC_ASSERT(own + pool.lent <= pool.total);
    RC_ASSERT(pool.over == 0 || pool.available == 0);
    const auto left = pool.total - own - pool.lent;  // of its own
    RC_ASSERT(pool.available >= left);
    if (pool.draws_on.empty()) RC_ASSERT(pool.available == left);
    drawn += pool.drawn;
    lent += pool.lent;
  }
  RC_ASSERT(drawn == lent);
}

// SPEC BUF-6, BUF-8: until it ends, a buffer is worth what its key was worth at that time, and
// nothing after it.
RC_GTEST_PROP(Pools, ABufferIsWorthItsKeyUntilItEnds, ()) {
  auto pair = played(*deeds());
  pair.act({0, 2, 1, *rc::gen::inRange(0, 5)});
  const auto with_key = pair.a.decide(pair.now);
  pair.act({0, 3, 1, *rc::gen::inRange(0, 5)});
  auto without = pair.a.decide(pair.now);
  RC_PRE(with_key.state == KeyState::ready && without.buffer);
  const auto at = [&](Decision decision, Time now) {
    decision.at = now;
    return totals(entitled(decision));
  };
  for (const Duration later : kPauses) {
    const Time now = without.at + later;
    if (now < without.buffer->until) RC_ASSERT(at(without, now) == at(with_key, now));
    auto none = without;
    none.buffer.reset();
    if (now >= without.buffer->until) RC_ASSERT(at(without, now) == at(none, now));
  }
}

}  // namespace
}  // namespace latchkey
