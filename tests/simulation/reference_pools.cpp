#include "tests/simulation/reference_pools.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <tuple>

namespace latchkey::simulation {

ReferencePools::ReferencePools(const Decision& decision, const Find& find) : now_(decision.at) {
  const auto add = [&](const std::string& hash, bool file, Time until) {
    claims_.push_back({&find(hash), hash, file, until});
  };
  if (decision.license) add(decision.license->document, false, Time::max());
  if (const auto& buffer = decision.buffer) add(buffer->license.document, false, buffer->until);
  for (const auto& kept : decision.kept)
    if (kept.key_id.empty()) add(kept.license.document, true, Time::max());
  for_each_counting([&](const Claim&, const LicenseEntry& entry) {
    usable_ = usable_ || entry.kind == EntryKind::base;
  });
  find_latest();
  for_each_counting([&](const Claim& claim, const LicenseEntry& entry) {
    const bool used = entry.kind == EntryKind::base || (usable_ && !hidden(claim, entry));
    if (used) totals_[{entry.object, entry.unit}] += entry.quantity;
  });
}

/// A later document that has begun says so.
bool ReferencePools::superseded(const Claim& claim) const {
  return claim.file && std::ranges::any_of(claims_, [&](const Claim& other) {
           const auto& names = other.document->supersedes;
           const bool begun = std::ranges::any_of(
               other.document->entries,
               [&](const LicenseEntry& entry) { return entry.validity.not_before <= now_; });
           return begun && std::ranges::find(names, claim.document->id) != names.end() &&
                  std::tie(other.document->issued, other.hash) >
                      std::tie(claim.document->issued, claim.hash);
         });
}

bool ReferencePools::counts(const Claim& claim, const LicenseEntry& entry) const {
  return entry.validity.not_before <= now_ && now_ < entry.validity.not_after && now_ < claim.until;
}

template <class Use>
void ReferencePools::for_each_counting(Use use) const {
  for (const auto& claim : claims_) {
    if (superseded(claim)) continue;
    for (const auto& entry : claim.document->entries)
      if (counts(claim, entry)) use(claim, entry);
  }
}

void ReferencePools::find_latest() {
  for_each_counting([&](const Claim& claim, const LicenseEntry& entry) {
    if (entry.kind != EntryKind::module) return;
    auto& latest = latest_[entry.object];
    auto& side = claim.file ? latest.file : latest.key;
    if (!side || *side < claim.document->issued) side = claim.document->issued;
  });
}

/// SPEC LIC-3
bool ReferencePools::hidden(const Claim& claim, const LicenseEntry& entry) const {
  const auto& latest = latest_.at(entry.object);
  if (!latest.key || !latest.file) return false;
  return claim.file ? *latest.file <= *latest.key : *latest.file > *latest.key;
}

std::uint64_t ReferencePools::total(const PoolId& pool) const {
  const auto found = totals_.find(pool);
  return found == totals_.end() ? 0 : found->second;
}

std::string ReferencePools::compare(const Entitlements& entitlements, const Usage& usage) const {
  std::ostringstream out;
  if (entitlements.usable != usable_)
    out << "entitled is " << entitlements.usable << " and should be " << usable_ << "; ";
  const auto pools = capacity(entitlements, usage, default_catalog()).pools;
  std::set<PoolId> ids;
  for (const auto& [id, pool] : pools) ids.insert(id);
  for (const auto& [id, total] : totals_) ids.insert(id);
  for (const auto& id : ids) {
    const auto found = pools.find(id);
    const auto pool = found == pools.end() ? Pool{} : found->second;
    const auto used = usage.count(id) == 0 ? 0 : usage.at(id);
    const auto should = total(id);
    const auto served = std::min(used, should);
    if (pool.total != should || pool.used != used || pool.available != should - served ||
        pool.over != used - served)
      out << "pool " << id.object << " is " << pool.total << " (" << pool.used << " used, "
          << pool.available << " available, " << pool.over << " over) and should be " << should
          << " with " << used << " used; ";
  }
  return out.str();
}

}  // namespace latchkey::simulation
