#include "core/license/import_check.h"

#include <algorithm>

namespace latchkey {
namespace {

std::string names_of(std::span<const InsertedKey> keys) {
  std::string names;
  for (const auto& key : keys) names.append(names.empty() ? "" : ", ").append(key.key_id);
  return names;
}

Result<std::string> bound_key(const LicenseDocument& document) {
  const auto* binding = std::get_if<KeyBinding>(&document.binding);
  if (binding == nullptr)
    return fail("wrong-environment",
                "This license is bound to a deployment by its request key; this version of the "
                "agent takes only licenses that are bound to a USB key.",
                "Order a license for the ID of a key (`latchkey key id`).");
  if (document.minimum_assurance > KeyAssurance::possession)
    return fail("wrong-environment",
                "This license asks for an attested key, and no key here can show that it is one.",
                "Ask the vendor for a license without that condition.");
  return binding->key_id;
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

Result<void> check_history(const VerifiedLicense& license, const InsertedKey& key) {
  if (std::ranges::find(key.imported, license.hash) != key.imported.end())
    return fail("already-imported", "This license is installed already.",
                "Nothing is to do; `latchkey license list` shows where it is.");
  if (key.current && license.document.issued < key.current->issued)
    return fail("older-than-current",
                "This license was issued " + format_time(license.document.issued) +
                    ", before the one that the key has: " + key.current->id + ", issued " +
                    format_time(key.current->issued) + ".",
                "Install the newest license that the vendor sent for this key.");
  return {};
}

}  // namespace

Result<VerifiedLicense> check_import(ByteView envelope, const ImportSituation& situation) {
  LK_TRY(auto license, situation.trust.verify_license(envelope));
  LK_TRY(const auto key_id, bound_key(license.document));
  LK_TRY(const auto* const key, find_key(situation.keys, key_id));
  LK_CHECK(check_window(license.document, situation.now));
  LK_CHECK(check_objects(license.document, situation.catalog));
  LK_CHECK(check_history(license, *key));
  return license;
}

}  // namespace latchkey
