#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "agent/app/license_writer.h"
#include "agent/app/records.h"
#include "core/deployment/import_situation.h"
#include "core/pool/entitlement.h"

namespace latchkey {

/// ID of the key that a document is bound to; empty: to a deployment.
std::string bound_key(const LicenseDocument& document);

/// What an entry grants and when, with the names that people know (SPEC LIC-11); whether it counts
/// is for the caller to add.
nlohmann::json grant_json(const LicenseEntry& entry, const Catalog& catalog);

/// The entries of a document that is not installed, each with the names that people know and its
/// status_by_time() (SPEC LIC-9, LIC-11).
nlohmann::json entries_json(const LicenseDocument& document, const Catalog& catalog, Time now);
/// The same of one that is known here, each with the status that it has.
nlohmann::json entries_json(std::span<const EntitledEntry> entries, const Catalog& catalog);
/// The same, with one status for all.
nlohmann::json entries_json(const LicenseDocument& document, const Catalog& catalog,
                            std::string_view status);

/// What became of a license on its way to its key (SPEC LIC-8).
struct KeyStorage {
  std::string_view state;  ///< `written`, `pending`, `refused`, `failed`, `superseded`
  std::string node;        ///< where the key is
  std::string message;     ///< for people
  bool settled() const { return state != "pending"; }
};
/// Of `document` and the key that it was installed for; `pending` also when that has left.
KeyStorage key_storage(const Decision& decision, const std::string& key_id,
                       const std::string& document, const std::string& self,
                       const LicenseWriter& writer, const NodeNames& names);

/// All that lists of licenses need, so that they can be made away from the reactor: with thousands
/// of licenses that takes a second.
struct LicenseView {
  Decision decision;
  Catalog catalog;
  Premises premises;
  /// By content hash; none is null.
  std::map<std::string, std::shared_ptr<const StoredLicense>> documents;
};

/// What the documents of a view are worth, by content hash.
class JudgedLicenses {
 public:
  /// Refers to `view`.
  explicit JudgedLicenses(const LicenseView& view);

  /// Null: the decision knows no such document, or it is not here.
  const EntitledDocument* find(std::string_view hash) const;
  std::span<const EntitledEntry> entries(const EntitledDocument& document) const {
    return entries_of(all_, document);
  }

 private:
  Entitlements all_;
  std::map<std::string_view, const EntitledDocument*> by_hash_;
};

/// Body of GET /v1/licenses: the documents that were installed or are on a plugged key, newest
/// first. `text` stands in their id, customer or key.
nlohmann::json licenses_json(const LicenseView& view, const LicenseQuery& query);

}  // namespace latchkey
