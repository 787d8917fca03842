#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/license/catalog.h"
#include "core/license/trust_store.h"

namespace latchkey {

/// A key plugged into some node that proved itself, as an import sees it.
struct InsertedKey {
  std::string key_id;
  std::optional<LicenseSummary>
      current;                     ///< issued last of what it carries and what is kept for it
  std::set<std::string> imported;  ///< content hashes that need no second import
};

/// A file license that is installed, as an import sees it.
struct InstalledFile {
  std::string id;
  Time issued;
  std::vector<std::string> supersedes;
};

/// What a document is judged against (SPEC LIC-4). The references outlive the check.
struct ImportSituation {
  const Catalog& catalog;
  std::vector<InsertedKey> keys;  ///< on every node
  std::vector<InstalledFile> files;
  /// Where a base entry is valid now (SPEC LIC-1): key IDs of which the license counts (the key in
  /// use, or the one that a running buffer stands for), and ids of file licenses.
  std::set<std::string> base_keys, base_files;
  /// Why a license with this binding cannot be used here, for people; empty: it can.
  std::function<std::string(const DeploymentBinding&)> misfit;
  Time now;  ///< license time
};

/// May verified licenses be installed here and now (SPEC LIC-1, LIC-4)? Judges one after the other,
/// each in the light of what was accepted before it.
class ImportCheck {
 public:
  explicit ImportCheck(ImportSituation situation);

  /// What is accepted counts as installed from here on. Errors, the first that applies (SPEC
  /// LIC-5): `wrong-environment` (bound to another deployment or to machines that are no longer
  /// here, or asks for more than any key here can show), `key-not-inserted`, `wrong-key-id`,
  /// `expired` and `not-yet-valid` (of all its entries), `unknown-object` (of any entry),
  /// `already-imported`, `older-than-current` (than what it would replace, or replaced already),
  /// `base-missing`.
  Result<void> judge(const VerifiedLicense& license);

 private:
  Result<void> check_key(const VerifiedLicense& license, const std::string& key_id) const;
  Result<void> check_file(const VerifiedLicense& license) const;
  Result<void> check_base(const LicenseDocument& document) const;
  Result<void> check_content(const LicenseDocument& document) const;
  void accept_key(const VerifiedLicense& license, const std::string& key_id);
  void accept_file(const LicenseDocument& document);
  void add_file(const InstalledFile& file);

  ImportSituation situation_;
  std::map<std::string, Time> issued_;             // of installed file licenses, by id
  std::map<std::string, std::string> superseded_;  // id -> id of the file license in its place
};

/// True when some base entry of it is valid at `now` (SPEC LIC-1).
bool has_valid_base(const LicenseDocument& document, Time now);

/// Judges the documents of one package in any order (SPEC LIC-1, LIC-6): those with a valid base
/// first. The outcomes are in the order of `licenses`; time is about linear in their number.
std::vector<Result<void>> check_imports(std::span<const VerifiedLicense* const> licenses,
                                        ImportSituation situation);

}  // namespace latchkey
