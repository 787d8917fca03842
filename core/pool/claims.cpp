#include "core/pool/claims.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace latchkey {
namespace {

bool has_begun(const LicenseDocument& document, Time now) {
  return std::ranges::any_of(document.entries, [now](const LicenseEntry& entry) {
    return entry.validity.not_before <= now;
  });
}

bool is_later(const Claim& a, const Claim& b) {
  return std::tie(a.document().issued, a.license->hash) >
         std::tie(b.document().issued, b.license->hash);
}

class Claims {
 public:
  Claims(const Decision& decision, const EntitleContext& context)
      : decision_(decision), context_(context) {
    if (decision.license) add({find(*decision.license), LicenseSource::key, {}, {}, {}, {}});
    if (const auto& buffer = decision.buffer)
      add({find(buffer->license), LicenseSource::buffer, buffer->until, {}, {}, {}});
    for (const auto& kept : decision.kept) add(claim_of(kept));
    for (const auto& key : decision.keys) {
      const auto& id = key.reading.key_id;
      if (const auto& license = key.holding.license) add(of_key(id, *license));
      if (const auto& license = key.reading.license) add(of_key(id, *license));
    }
    supersede();
  }
  std::vector<Claim> take() { return std::move(claims_); }

 private:
  std::shared_ptr<const StoredLicense> find(const LicenseSummary& license) const {
    return context_.document(license.document);
  }

  void add(Claim claim) {
    if (claim.license && known_.insert(claim.license->hash).second)
      claims_.push_back(std::move(claim));
  }

  Claim claim_of(const KeptLicense& kept) const {
    if (!kept.key_id.empty()) return of_key(kept.key_id, kept.license);
    Claim claim{find(kept.license), LicenseSource::file, {}, {}, {}, {}};
    if (claim.license) judge_environment(claim);
    return claim;
  }

  /// The one that counts for the key in use, or is bridged, was added before.
  Claim of_key(const std::string& key_id, const LicenseSummary& license) const {
    Claim claim{find(license), LicenseSource::key, {}, EntryStatus::key_absent, {}, {}};
    if (const auto* current = license_in_use(decision_, key_id)) {
      claim.idle = EntryStatus::superseded;
      claim.superseded_by = current->id;
    }
    return claim;
  }
  void judge_environment(Claim& claim) const {
    // A fact may call anything a file license: without a machine to fit, it fits none.
    static const DeploymentBinding kNone{};
    const auto* binding = std::get_if<DeploymentBinding>(&claim.document().binding);
    claim.environment =
        fit_environment(binding ? *binding : kNone, context_.deployment, decision_.factors);
    if (!claim.environment->fits()) claim.idle = EntryStatus::environment_mismatch;
  }

  /// A file license ends when a document that names it begins: a renewal installed ahead of its
  /// time leaves no gap. The order of issue keeps two that name each other from both ending.
  void supersede() {
    std::multimap<std::string_view, const Claim*> replacing;  // by the id that is replaced
    for (const auto& claim : claims_)
      if (claim.idle != EntryStatus::environment_mismatch &&
          has_begun(claim.document(), decision_.at))
        for (const auto& id : claim.document().supersedes) replacing.emplace(id, &claim);
    for (auto& claim : claims_) {
      if (claim.source != LicenseSource::file) continue;
      const auto [first, last] = replacing.equal_range(claim.document().id);
      const auto by =
          std::find_if(first, last, [&](const auto& one) { return is_later(*one.second, claim); });
      if (by == last) continue;
      claim.idle = EntryStatus::superseded;
      claim.superseded_by = by->second->document().id;
    }
  }

  const Decision& decision_;
  const EntitleContext& context_;
  std::set<std::string_view> known_;
  std::vector<Claim> claims_;
};

}  // namespace

const LicenseSummary* license_in_use(const Decision& decision, std::string_view key_id) {
  if (decision.license && decision.key_id == key_id) return &*decision.license;
  const auto& buffer = decision.buffer;
  return buffer && buffer->key_id == key_id ? &buffer->license : nullptr;
}

std::vector<Claim> claims(const Decision& decision, const EntitleContext& context) {
  return Claims(decision, context).take();
}

}  // namespace latchkey
