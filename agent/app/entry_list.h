#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>

#include "agent/api/backend.h"
#include "core/pool/entitlement.h"

namespace latchkey {

/// Entries as GET /v1/pools and GET /v1/entries show them: with their status (SPEC LIC-9) and why
/// they do not count.
class EntryWriter {
 public:
  /// Refers to `catalog`.
  explicit EntryWriter(const Catalog& catalog) : catalog_(catalog) {}

  nlohmann::json json(const EntitledEntry& entitled);

 private:
  bool deletable(const EntitledEntry& entitled);

  const Catalog& catalog_;
  std::map<const StoredLicense*, bool> deletable_;  ///< what was found out before
};

/// Body of GET /v1/entries: a page of those that `query` asks for, pool by pool, base licenses
/// first; within a pool those that count, then the newest. `text` stands in the object, its name,
/// the license's id, its customer or its key. Takes a few milliseconds for 10,000 entries.
nlohmann::json entries_page(const Entitlements& all, const Catalog& catalog,
                            const LicenseQuery& query);

}  // namespace latchkey
