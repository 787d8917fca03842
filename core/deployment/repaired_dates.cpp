#include "core/deployment/repaired_dates.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/deployment/license_clock.h"

namespace latchkey {
namespace {

const TimeRepaired& told_by(const Fact& repair) { return std::get<TimeRepaired>(repair.body); }

auto order(const Fact& repair) { return std::tie(told_by(repair).time, repair.at, repair.chain); }

bool is_repair(const Fact& fact) {
  const auto* repaired = std::get_if<TimeRepaired>(&fact.body);
  return repaired != nullptr && !repaired->heads.empty();
}

/// Of several, the one that goes back furthest, the same on every node; null for none.
const Fact* repair_of(const Fact& fact, const std::vector<const Fact*>& repairs) {
  const Fact* found = nullptr;
  for (const auto* repair : repairs)
    if (is_repaired_by(fact, *repair) && (!found || order(*repair) < order(*found))) found = repair;
  return found;
}

/// Goes along one chain.
class Redating {
 public:
  void date(Fact& fact, const Fact* repair) {
    if (repair != nullptr) take_back(fact, *repair);
    latest_ = fact.at;
  }
  const WrongLeads& leads() const { return leads_; }

 private:
  void take_back(Fact& fact, const Fact& repair) {
    auto* jump = std::get_if<ClockJumped>(&fact.body);
    const bool wrong = jump != nullptr && jump->to > told_by(repair).time;
    if (wrong) leads_.insert(lead_ += jump->to - jump->from);
    if (lead_ > Duration(0))
      fact.at = std::clamp(fact.at - lead_, latest_, std::max(latest_, repair.at));
    if (wrong) *jump = {fact.at, fact.at};
  }

  WrongLeads leads_;
  Duration lead_{};
  Time latest_{};  ///< date of the fact before
};

void repair_stamps(std::vector<Fact>& facts, const WrongLeads& leads) {
  for (auto& fact : facts)
    if (auto* read = std::get_if<KeyRead>(&fact.body); read != nullptr && read->reading.stamp)
      read->reading.stamp = with_repaired_date(*read->reading.stamp, fact.at, leads);
}

}  // namespace

std::optional<RepairedFacts> with_repaired_dates(std::span<const Fact> facts) {
  std::vector<const Fact*> repairs;
  for (const auto& fact : facts)
    if (is_repair(fact)) repairs.push_back(&fact);
  if (repairs.empty()) return std::nullopt;
  RepairedFacts out{{facts.begin(), facts.end()}, {}};
  std::ranges::sort(out.facts, {}, &Fact::seq);
  std::map<std::string, Redating> chains;
  for (auto& fact : out.facts) chains[fact.chain].date(fact, repair_of(fact, repairs));
  for (const auto& [chain, redating] : chains)
    out.leads.insert(redating.leads().begin(), redating.leads().end());
  repair_stamps(out.facts, out.leads);
  std::ranges::sort(out.facts,
                    [](const Fact& a, const Fact& b) { return canonical_order(a, b) < 0; });
  return out;
}

bool is_repaired_by(const Fact& fact, const Fact& repair) {
  const auto& heads = told_by(repair).heads;
  const auto head = heads.find(fact.chain);
  return head != heads.end() && fact.seq <= head->second && fact.at > told_by(repair).time;
}

RemovalStamp with_repaired_date(const RemovalStamp& stamp, Time read, const WrongLeads& leads) {
  if (stamp.removed_at - read <= kClockSkew) return stamp;
  std::optional<RemovalStamp> right;
  for (const auto lead : leads) {
    const RemovalStamp back{stamp.removed_at - lead, stamp.buffer_until - lead};
    if (back.removed_at - read > kClockSkew) continue;
    right = right ? RemovalStamp{std::max(right->removed_at, back.removed_at),
                                 std::min(right->buffer_until, back.buffer_until)}
                  : back;
  }
  return right.value_or(stamp);
}

}  // namespace latchkey
