// gtest first: rapidcheck's gtest support needs it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>

#include "core/pool/lease_ledger.h"

namespace latchkey {
namespace {

// The default catalogue's VMware pool draws on the KVM one (SPEC LIC-12).
const PoolId kPools[] = {
    {"kvm", "cpu-socket"}, {"vmware", "cpu-socket"}, {"kvm", "host"}, {"unheard-of", "vm"}};
constexpr std::uint32_t kTtls[] = {10, 60, 3600};

struct Step {
  int kind;      // put, put, put, heartbeat, release, time, seal, commit, roll back, reload, limits
  int consumer;  // 0..4
  std::vector<int> usage;  // quantity by pool
  int extra;               // TTL, seconds, or how much is licensed
};
constexpr int kKinds = 13;

void showValue(const Step& step, std::ostream& out) {
  out << '{' << step.kind << ',' << step.consumer << ',';
  for (const auto quantity : step.usage) out << quantity << ' ';
  out << ',' << step.extra << '}';
}

rc::Gen<std::vector<Step>> steps() {
  return rc::gen::container<std::vector<Step>>(rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::inRange(0, kKinds)),
      rc::gen::set(&Step::consumer, rc::gen::inRange(0, 5)),
      rc::gen::set(&Step::usage, rc::gen::container<std::vector<int>>(
                                     4, rc::gen::weightedOneOf<int>(
                                            {{3, rc::gen::just(0)}, {2, rc::gen::inRange(0, 8)}}))),
      rc::gen::set(&Step::extra, rc::gen::inRange(0, 12))));
}

LicenseEntry entry(const PoolId& pool, int quantity, bool module) {
  LicenseEntry out{pool.object,
                   pool.unit,
                   static_cast<std::uint64_t>(quantity),
                   module ? EntryKind::module : EntryKind::base,
                   {},
                   {}};
  if (quantity % 2 == 1) out.terms[std::string(kOverUseTerm)] = "50";
  return out;
}

/// So much of the pools is licensed.
Entitlements licensed(int scale) {
  auto license = std::make_shared<StoredLicense>();
  license->document.entries = {entry(kPools[0], scale, false), entry(kPools[1], scale / 3, true),
                               entry(kPools[2], 7, false)};
  Entitlements out;
  for (const auto& one : license->document.entries) {
    EntitledEntry entitled;
    entitled.license = license;
    entitled.entry = &one;
    out.entries.push_back(std::move(entitled));
  }
  return out;
}

/// As naive as can be: what each consumer holds, and what of it is durable.
struct Model {
  struct Held {
    std::map<PoolId, std::uint64_t> usage;
    std::uint32_t ttl = 0, expires = 0;
    int batch = 0;
  };
  using All = std::map<std::string, Held>;

  Usage usage(const All& all) const {
    Usage sum;
    for (const auto& [name, held] : all)
      for (const auto& [pool, quantity] : held.usage) sum[pool] += quantity;
    return sum;
  }
  Usage idle(const All& all) const {
    Usage sum;
    for (const auto& [name, of] : terms)
      for (const auto& [pool, quantity] : of.reserve) {
        std::uint64_t used = 0;
        if (const auto held = all.find(name); held != all.end())
          if (const auto item = held->second.usage.find(pool); item != held->second.usage.end())
            used = item->second;
        if (quantity > used) sum[pool] += quantity - used;
      }
    return sum;
  }
  Capacity capacity(const All& all) const {
    return latchkey::capacity(entitlements, usage(all), default_catalog(), idle(all));
  }
  std::uint64_t over(const All& all, const PoolId& pool) const {
    const auto all_pools = latchkey::capacity(entitlements, usage(all), default_catalog()).pools;
    const auto found = all_pools.find(pool);
    return found == all_pools.end() ? 0 : found->second.over;
  }

  Entitlements entitlements;
  TermsByConsumer terms;
  All now;
};

std::string name_of(int consumer) { return "consumer-" + std::to_string(consumer); }

class Run {
 public:
  Run() {
    model_.terms[name_of(0)].reserve[kPools[0]] = 4;
    model_.terms[name_of(1)].cap[kPools[0]] = 3;
    license(12);
    ledger_->set_terms(model_.terms);
  }

  void apply(const Step& step) {
    switch (step.kind) {
      case 0:
      case 1:
      case 2:
      case 3:
        return put(step);
      case 4:
      case 5:
        return heartbeat(step);
      case 6:
        return release(step);
      case 7:
        return pass(static_cast<std::uint32_t>(step.extra));
      case 8:
        return seal();
      case 9:
        return commit();
      case 10:
        return roll_back();
      case 11:
        return step.extra == 0 ? reload() : restate(static_cast<std::size_t>(step.extra));
      default:
        return license(step.extra * 2);
    }
  }

  /// Exact at every instant (SPEC POOL-3).
  void check() {
    RC_ASSERT(ledger_->size() == model_.now.size());
    for (const auto& [name, held] : model_.now) {
      const auto slot = ledger_->find(name);
      RC_ASSERT(slot != LeaseTable::kNone);
      const auto lease = ledger_->lease(slot);
      std::map<PoolId, std::uint64_t> usage;
      for (const auto& item : lease.usage) usage.emplace(item.pool, item.quantity);
      RC_ASSERT(usage == held.usage);
      RC_ASSERT(lease.ttl_s == held.ttl);
      RC_ASSERT(ledger_->expires(slot) == held.expires);
    }
    RC_ASSERT(ledger_->accounts().usage() == model_.usage(model_.now));
    RC_ASSERT(ledger_->accounts().reserved() == model_.idle(model_.now));
    for (const auto& [id, pool] : model_.capacity(model_.now).pools)
      if (const auto index = ledger_->accounts().find(id)) {
        RC_ASSERT(ledger_->accounts().available(*index) == pool.available);
      }
  }

 private:
  void put(const Step& step) {
    const auto name = name_of(step.consumer);
    std::vector<UsageItem> usage;
    for (std::size_t i = 0; i < 4; ++i)
      usage.push_back({kPools[i], static_cast<std::uint64_t>(step.usage[i])});
    const auto ttl = kTtls[step.extra % 3];
    const auto expected = expect(name, usage);
    const auto outcome = ledger_->put({name, "owner", false, usage, ttl, 0}, now_,
                                      [](const std::string&) { return std::nullopt; });
    RC_ASSERT(outcome.has_value() == expected.has_value());
    if (!expected) return;
    auto& held = model_.now[name];
    RC_ASSERT(*outcome == (held.ttl != ttl || held.usage != *expected));
    held = {*expected, ttl, now_ + ttl, *outcome ? batch_ : held.batch};
  }

  /// What it holds then; none: refused, since something that grows is not there.
  std::optional<std::map<PoolId, std::uint64_t>> expect(const std::string& name,
                                                        const std::vector<UsageItem>& usage) {
    auto after = model_.now;
    auto& held = after[name];
    const auto before = held.usage;
    held.usage.clear();
    for (const auto& item : usage)
      if (item.quantity != 0) held.usage[item.pool] = item.quantity;
    for (const auto& [pool, quantity] : held.usage) {
      const auto old = before.find(pool);
      if (old != before.end() && old->second >= quantity) continue;
      if (!ledger_->accounts().find(pool)) return std::nullopt;
      const auto& terms = model_.terms[name];
      if (terms.cap.contains(pool) && terms.cap.at(pool) < quantity) return std::nullopt;
      if (!fits(after, name, pool, quantity - (old == before.end() ? 0 : old->second)))
        return std::nullopt;
    }
    return held.usage;
  }

  /// By capacity(): nobody would serve a part of it, or others would lose what is kept for them.
  bool fits(const Model::All& after, const std::string& name, const PoolId& pool,
            std::uint64_t more) {
    const auto source = default_catalog().objects.find(pool.object);
    const bool draws =
        source != default_catalog().objects.end() && !source->second.draws_on.empty();
    const auto serves = [&](const Usage& used, const Usage& idle) {
      const auto all = [&](const PoolId& id) {
        const auto of = used.find(id), kept = idle.find(id);
        return (of == used.end() ? 0 : of->second) + (kept == idle.end() ? 0 : kept->second);
      };
      const auto there = latchkey::capacity(model_.entitlements, {}, default_catalog()).pools;
      const auto limit = [&](const PoolId& id) {
        const auto found = there.find(id);
        return found == there.end() ? 0 : found->second.total + found->second.tolerance;
      };
      const PoolId kvm{"kvm", pool.unit}, vmware{"vmware", pool.unit};
      const auto spill = all(vmware) - std::min(all(vmware), limit(vmware));
      if (draws) return spill == 0 || all(kvm) + spill <= limit(kvm);
      if (pool == kvm) return all(kvm) + spill <= limit(kvm);
      return all(pool) <= limit(pool);
    };
    const auto used = model_.usage(after);
    if (!serves(used, {})) return false;
    const auto idle_before = model_.idle(model_.now), idle_after = model_.idle(after);
    const auto of = [&](const Usage& idle) {
      const auto found = idle.find(pool);
      return found == idle.end() ? 0 : found->second;
    };
    const bool own =
        !model_.terms[name].reserve.empty() && of(idle_before) - of(idle_after) == more;
    return own || serves(used, idle_after);
  }

  void heartbeat(const Step& step) {
    const auto name = name_of(step.consumer);
    const auto held = model_.now.find(name);
    RC_ASSERT(ledger_->heartbeat(name, now_) == (held != model_.now.end()));
    if (held != model_.now.end()) held->second.expires = now_ + held->second.ttl;
  }
  void release(const Step& step) {
    const auto name = name_of(step.consumer);
    RC_ASSERT(ledger_->release(name) == (model_.now.erase(name) == 1));
  }
  void pass(std::uint32_t seconds) {
    now_ += seconds * seconds;
    std::size_t ended = 0;
    for (auto held = model_.now.begin(); held != model_.now.end();) {
      if (held->second.expires > now_) {
        ++held;
      } else if (held->second.batch > durable_batch_) {
        held++->second.expires = now_ + 1;
      } else {
        for (auto* kept : {&durable_, &at_seal_})
          if (*kept) (*kept)->erase(held->first);
        held = model_.now.erase(held);
        ++ended;
      }
    }
    RC_ASSERT(ledger_->expire(now_, 1000) == ended);
  }

  void seal() {
    if (ledger_->sealed()) return commit();
    journal_next_ = ledger_->seal();
    at_seal_ = sealed_ = model_.now;
    sealed_batch_ = batch_++;
  }
  void commit() {
    if (!ledger_->sealed()) return;
    ledger_->commit();
    durable_ = std::exchange(at_seal_, std::nullopt);
    in_journal_ = sealed_;
    durable_batch_ = sealed_batch_;
    journal_.push_back(std::move(journal_next_));
  }
  /// The disk refused: all is as it was when it last took something, but for leases that ended, and
  /// for heartbeats.
  void roll_back() {
    if (!ledger_->sealed()) return;
    ledger_->roll_back();
    at_seal_.reset();
    Model::All back = durable_.value_or(Model::All{});
    for (auto& [name, held] : back)
      if (const auto slot = ledger_->find(name); slot != LeaseTable::kNone)
        held.expires = ledger_->expires(slot);
    model_.now = std::move(back);
    durable_ = model_.now;
    ++batch_;
  }
  /// The agent ends and starts again: what was committed is there, for one full TTL (SPEC POOL-4).
  void reload() {
    ledger_ = std::make_unique<LeaseLedger>();
    for (const auto& row : journal_) RC_ASSERT(ledger_->load(row).has_value());
    ledger_->loaded(now_);
    model_.now = in_journal_;
    for (auto& [name, held] : model_.now) held.expires = now_ + held.ttl, held.batch = 0;
    durable_ = model_.now;
    at_seal_.reset();
    batch_ = 1;
    durable_batch_ = 0;
    ledger_->set_limits(model_.capacity(model_.now));
    ledger_->set_terms(model_.terms);
  }

  void restate(std::size_t count) { ledger_->restate(count); }
  void license(int scale) {
    model_.entitlements = licensed(scale);
    ledger_->set_limits(model_.capacity(model_.now));
  }

  std::unique_ptr<LeaseLedger> ledger_ = std::make_unique<LeaseLedger>();
  Model model_;
  std::optional<Model::All> durable_, at_seal_;  ///< without what has ended since
  Model::All in_journal_, sealed_;
  std::vector<Bytes> journal_;
  Bytes journal_next_;
  std::uint32_t now_ = 1000;
  int batch_ = 1, sealed_batch_ = 0, durable_batch_ = 0;
};

// SPEC POOL-3, POOL-4, POOL-5, POOL-8, LIC-12
RC_GTEST_PROP(Leases, AreWhatANaiveMapSays, ()) {
  const auto story = *steps();
  Run run;
  run.check();
  for (const auto& step : story) {
    run.apply(step);
    run.check();
  }
}

// SEC-3: no row of a journal, and no token, does more than be refused.
RC_GTEST_PROP(Leases, AnyBytesAreReadOrRefused, (const std::vector<std::uint8_t>& bytes)) {
  auto row = bytes;
  if (!row.empty()) row.front() = 1;
  LeaseLedger ledger;
  static_cast<void>(ledger.load(row));
  RC_ASSERT(ledger.accounts().usage().size() <= kMaxPools);
}

}  // namespace
}  // namespace latchkey
