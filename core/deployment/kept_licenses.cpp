#include "core/deployment/kept_licenses.h"

namespace latchkey {

void KeptLicenses::add(const Fact& fact, const LicenseImported& imported) {
  const std::string_view document = imported.license.document;
  if (withdrawn_.count(document) != 0) return;
  const bool file = imported.key_id.empty();
  if (file && !files_.try_emplace(document, entries_.size()).second) return;
  entries_.push_back({&fact, &imported});
  if (file) return;
  consider(imported);
  if (bad_license_.count(imported.key_id) != 0) to_mend_.insert(imported.key_id);
}

void KeptLicenses::consider(const LicenseImported& imported) {
  auto& newest = newest_[imported.key_id];
  if (!newest || imported.license.issued >= newest->issued) newest = &imported.license;
}

void KeptLicenses::remove(const LicenseDeleted& deleted) {
  const auto found = files_.find(deleted.document);
  if (found == files_.end()) return;
  entries_[found->second].imported = nullptr;
  files_.erase(found);
}

void KeptLicenses::withdraw(const LicenseWithdrawn& withdrawn) {
  withdrawn_.insert(withdrawn.document);
  files_.erase(withdrawn.document);
  newest_.clear();
  for (auto& entry : entries_) {
    if (!entry.imported) continue;
    if (entry.imported->license.document == withdrawn.document)
      entry.imported = nullptr;
    else if (!entry.imported->key_id.empty())
      consider(*entry.imported);
  }
}

void KeptLicenses::see(const KeyReading& reading) {
  if (reading.key_id.empty()) return;
  if (reading.fault == KeyFault::license_invalid || reading.fault == KeyFault::wrong_key_id) {
    bad_license_.insert(reading.key_id);
  } else {
    bad_license_.erase(reading.key_id);
    to_mend_.erase(reading.key_id);
  }
}

const LicenseSummary* KeptLicenses::newest(std::string_view key_id) const {
  const auto found = newest_.find(key_id);
  return key_id.empty() || found == newest_.end() ? nullptr : found->second;
}

const LicenseSummary* KeptLicenses::license_for(const KeyReading& reading) const {
  const auto* kept = newest(reading.key_id);
  if (!reading.works()) return reading.fault == KeyFault::unprovisioned ? kept : nullptr;
  const auto* carried = &*reading.license;
  return kept && kept->issued >= carried->issued ? kept : carried;
}

/// A license in fault may be a newer one that this deployment cannot verify yet: it is written over
/// only when an administrator installed another while the fault was there.
bool KeptLicenses::is_to_write(const KeyReading& reading, const LicenseSummary& kept) const {
  if (reading.works())
    return license_for(reading) == &kept && kept.document != reading.license->document;
  return reading.fault == KeyFault::unprovisioned || to_mend_.count(reading.key_id) != 0;
}

LicenseHolding KeptLicenses::holding(const KeyReading& reading) const {
  LicenseHolding holding;
  const auto* kept = newest(reading.key_id);
  if (const auto* license = license_for(reading)) {
    holding.license = *license;
    holding.on_key = reading.works() && reading.license->document == license->document;
    holding.kept = kept && kept->document == license->document;
  }
  if (kept && is_to_write(reading, *kept)) holding.to_write = kept->document;
  return holding;
}

std::vector<KeptLicense> KeptLicenses::all() const {
  std::vector<KeptLicense> all;
  for (const auto& [fact, imported] : entries_)
    if (imported)
      all.push_back({imported->key_id, imported->license, fact->at, fact->node, imported->by,
                     imported->method, imported->batch});
  return all;
}

}  // namespace latchkey
