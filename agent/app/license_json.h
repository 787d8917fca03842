#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/app/license_writer.h"
#include "agent/app/records.h"
#include "core/deployment/import_situation.h"

namespace latchkey {

/// ID of the key that a document is bound to; empty: to a deployment.
std::string bound_key(const LicenseDocument& document);

/// What an entry grants and when, with the names that people know (SPEC LIC-11); whether it counts
/// is for the caller to add.
nlohmann::json grant_json(const LicenseEntry& entry, const Catalog& catalog);

/// The entries of a document, each with the names that people know (SPEC LIC-11) and its `status`
/// at `now`: `valid`, `expired` or `not-yet-valid` (SPEC LIC-9).
nlohmann::json entries_json(const LicenseDocument& document, const Catalog& catalog, Time now);

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

/// All that the list of licenses needs, so that it can be rendered away from the reactor: with
/// thousands of licenses it takes a second.
struct LicenseView {
  Decision decision;
  Catalog catalog;
  Premises premises;
  std::map<std::string, const LicenseDocument*> documents;  ///< by content hash; none is null
};

/// Body of GET /v1/licenses: every document that was installed or is on a plugged key, newest
/// first.
nlohmann::json licenses_json(const LicenseView& view);

}  // namespace latchkey
