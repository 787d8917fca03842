#include "core/license/import_check.h"

#include <algorithm>

namespace latchkey {
namespace {

std::string names_of(std::span<const InsertedKey> keys) {
  std::string names;
  for (const auto& key : keys) names.append(names.empty() ? "" : ", ").append(key.key_id);
  return names;
}

tl::unexpected<Error> older(std::string message) {
  return fail("older-than-current", std::move(message),
              "Install the newest license that the vendor sent.");
}

tl::unexpected<Error> already_imported() {
  return fail("already-imported", "This license is installed already.",
              "Nothing is to do; `latchkey license list` shows where it is.");
}

Result<void> check_assurance(const LicenseDocument& document) {
  if (document.minimum_assurance <= KeyAssurance::possession) return {};
  return fail("wrong-environment",
              "This license asks for an attested key, and no key here can show that it is one.",
              "Ask the vendor for a license without that condition.");
}

Result<const InsertedKey*> find_key(std::span<const InsertedKey> keys, const std::string& key_id) {
  if (keys.empty())
    return fail("key-not-inserted",
                "This license is for the key " + key_id +
                    ", and no key that can be read is plugged into any node that is reachable.",
                "Insert that key into either node and repeat; `latchkey key show` says what is "
                "wrong with a key that is there.");
  const auto found = std::ranges::find(keys, key_id, &InsertedKey::key_id);
  if (found == keys.end())
    return fail("wrong-key-id",
                "This license is for the key " + key_id + "; plugged in is " + names_of(keys) + ".",
                "Insert the key that the license was issued for, or order one for the key that is "
                "there.");
  return &*found;
}

Result<void> check_window(const LicenseDocument& document, Time now) {
  auto ends = Time::min(), begins = Time::max();
  for (const auto& entry : document.entries) {
    ends = std::max(ends, entry.validity.not_after);
    begins = std::min(begins, entry.validity.not_before);
  }
  if (ends <= now)
    return fail("expired",
                "Every entry of this license has expired, the last at " + format_time(ends) + ".",
                "Order a renewal; if the date is wrong, correct this machine's clock.");
  if (begins > now)
    return fail(
        "not-yet-valid",
        "No entry of this license is valid yet, the first from " + format_time(begins) + ".",
        "Install it from then on; if the date is wrong, correct this machine's clock.");
  return {};
}

/// The first few: a person mends one and finds the rest in the catalogue.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    text.append(i == 0 ? "" : ", ").append(names[i]);
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

Result<void> check_objects(const LicenseDocument& document, const Catalog& catalog) {
  const auto unknown = unknown_in(catalog, document.entries);
  if (unknown.empty()) return {};
  return fail("unknown-object",
              "This license names what the catalogue of this agent does not have: " +
                  some_of(unknown) + ".",
              "Ask the vendor whether it was issued for this product; if so, install the vendor's "
              "newest catalogue (`catalog.file`) or a newer agent, and repeat.");
}

bool has_module(const LicenseDocument& document) {
  return std::ranges::any_of(
      document.entries, [](const LicenseEntry& entry) { return entry.kind == EntryKind::module; });
}

}  // namespace

bool has_valid_base(const LicenseDocument& document, Time now) {
  return std::ranges::any_of(document.entries, [&](const LicenseEntry& entry) {
    return entry.kind == EntryKind::base && entry.validity.not_before <= now &&
           now < entry.validity.not_after;
  });
}

ImportCheck::ImportCheck(ImportSituation situation) : situation_(std::move(situation)) {
  for (const auto& file : situation_.files) add_file(file);
}

void ImportCheck::add_file(const InstalledFile& file) {
  issued_.emplace(file.id, file.issued);
  for (const auto& id : file.supersedes) superseded_.emplace(id, file.id);
}

Result<void> ImportCheck::judge(const VerifiedLicense& license) {
  const auto* key = std::get_if<KeyBinding>(&license.document.binding);
  LK_CHECK(key ? check_key(license, key->key_id) : check_file(license));
  LK_CHECK(check_base(license.document));
  if (key)
    accept_key(license, key->key_id);
  else
    accept_file(license.document);
  return {};
}

Result<void> ImportCheck::check_content(const LicenseDocument& document) const {
  LK_CHECK(check_window(document, situation_.now));
  return check_objects(document, situation_.catalog);
}

Result<void> ImportCheck::check_key(const VerifiedLicense& license,
                                    const std::string& key_id) const {
  LK_CHECK(check_assurance(license.document));
  LK_TRY(const auto* const key, find_key(situation_.keys, key_id));
  LK_CHECK(check_content(license.document));
  if (key->imported.count(license.hash) != 0) return already_imported();
  if (key->current && license.document.issued < key->current->issued)
    return older("This license was issued " + format_time(license.document.issued) +
                 ", before the one that the key has: " + key->current->id + ", issued " +
                 format_time(key->current->issued) + ".");
  return {};
}

/// A file license is known by its id: the same one in another spelling has another content hash and
/// must not count twice.
Result<void> ImportCheck::check_file(const VerifiedLicense& license) const {
  const auto& document = license.document;
  LK_CHECK(check_assurance(document));
  if (const auto misfit = situation_.misfit(std::get<DeploymentBinding>(document.binding));
      !misfit.empty())
    return fail("wrong-environment", "This license is not for this deployment: " + misfit + ".",
                "Install it where its request key was made, or order a license with the request "
                "key of this deployment (`latchkey request-key`).");
  LK_CHECK(check_content(document));
  if (issued_.count(document.id) != 0) return already_imported();
  if (const auto by = superseded_.find(document.id); by != superseded_.end())
    return older("This license was replaced by " + by->second + ", which is installed.");
  for (const auto& id : document.supersedes)
    if (const auto known = issued_.find(id);
        known != issued_.end() && document.issued < known->second)
      return older("This license was issued " + format_time(document.issued) +
                   ", before the one that it would replace: " + id + ", issued " +
                   format_time(known->second) + ".");
  return {};
}

/// What the document replaces is no base for it.
Result<void> ImportCheck::check_base(const LicenseDocument& document) const {
  if (!has_module(document) || has_valid_base(document, situation_.now)) return {};
  auto bases = situation_.base_keys.size() + situation_.base_files.size();
  if (const auto* key = std::get_if<KeyBinding>(&document.binding))
    bases -= situation_.base_keys.count(key->key_id);
  else
    for (const auto& id : std::set(document.supersedes.begin(), document.supersedes.end()))
      bases -= situation_.base_files.count(id);
  if (bases > 0) return {};
  return fail("base-missing",
              "This license is for modules, and no base license is valid now, neither here nor in "
              "the same package.",
              "Install the base license first, or both in one package; `latchkey license list` "
              "shows what is there.");
}

void ImportCheck::accept_key(const VerifiedLicense& license, const std::string& key_id) {
  const auto key = std::ranges::find(situation_.keys, key_id, &InsertedKey::key_id);
  key->current = summarise(license.document, license.hash);
  key->imported.insert(license.hash);
  if (has_valid_base(license.document, situation_.now))
    situation_.base_keys.insert(key_id);
  else
    situation_.base_keys.erase(key_id);
}

void ImportCheck::accept_file(const LicenseDocument& document) {
  add_file({document.id, document.issued, document.supersedes});
  for (const auto& id : document.supersedes) situation_.base_files.erase(id);
  if (has_valid_base(document, situation_.now)) situation_.base_files.insert(document.id);
}

std::vector<Result<void>> check_imports(std::span<const VerifiedLicense* const> licenses,
                                        ImportSituation situation) {
  const Time now = situation.now;
  ImportCheck check(std::move(situation));
  std::vector<Result<void>> outcomes(licenses.size());
  for (const bool with_base : {true, false})
    for (std::size_t i = 0; i < licenses.size(); ++i)
      if (has_valid_base(licenses[i]->document, now) == with_base)
        outcomes[i] = check.judge(*licenses[i]);
  return outcomes;
}

}  // namespace latchkey
