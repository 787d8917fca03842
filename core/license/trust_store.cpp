#include "core/license/trust_store.h"

#include <algorithm>

#include "core/base/sha256.h"

namespace latchkey {
namespace {

tl::unexpected<Error> untrusted(std::string message) {
  return fail(
      "untrusted-signer", std::move(message),
      "Install the vendor's newest trust bundle; if that does not help, ask the vendor for a "
      "license signed with a current key.");
}

/// A bundle of a later generation of roots looks the same as one of a stranger.
tl::unexpected<Error> stranger_bundle() {
  return fail("untrusted-signer",
              "Too few of the root keys that are in force here signed this trust bundle.",
              "If the vendor has changed root keys since the bundle that is in force "
              "(`latchkey trust show`), install the bundles in between first, the oldest one "
              "first; else ask the vendor.");
}

tl::unexpected<Error> older(std::uint64_t version, std::uint64_t current) {
  return fail("older-than-current",
              "This trust bundle has version " + std::to_string(version) + "; version " +
                  std::to_string(current) + " is in force.",
              "Install the newest bundle that the vendor sent.");
}

tl::unexpected<Error> revoked(std::string message) {
  return fail("revoked", std::move(message), "Ask the vendor for a replacement.");
}

std::string in_words(std::string_view type) {
  static constexpr std::pair<std::string_view, const char*> kWords[] = {
      {kLicenseType, "a license"},
      {kTrustType, "a trust bundle"},
      {kTimeRepairType, "a time repair"}};
  for (const auto& [known, words] : kWords)
    if (type == known) return words;
  return std::string(type);
}

tl::unexpected<Error> wrong_type(std::string_view type, std::string_view wanted) {
  return fail("invalid-format", "This is " + in_words(type) + ", not " + in_words(wanted) + ".",
              "Choose the right file.");
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

bool enough(const Envelope& envelope, const RootSet& roots) {
  return roots.threshold > 0 && verified_by(envelope, roots.keys).size() >= roots.threshold;
}

bool holds(const ValidityWindow& window, Time at) {
  return window.not_before <= at && at < window.not_after;
}

/// The one of `signers` that a document names.
Result<const Issuer*> named_issuer(const std::string& name, Time issued,
                                   const std::vector<const Issuer*>& signers) {
  const auto at = std::ranges::find(signers, name, &Issuer::name);
  if (at == signers.end()) return untrusted("The issuer that this document names did not sign it.");
  // By the issue time, not by today: a key that has ended keeps what it issued.
  if (!holds((*at)->validity, issued))
    return untrusted("The issuing key was not valid when this document was issued.");
  return *at;
}

}  // namespace

TrustStore::TrustStore(RootSet roots) : roots_(std::move(roots)) {}

Result<TrustStore> TrustStore::open(RootSet roots, ByteView bundle_envelope) {
  TrustStore store(std::move(roots));
  LK_CHECK(store.accept(bundle_envelope));
  return store;
}

Result<void> TrustStore::accept(ByteView bundle_envelope) {
  LK_TRY(const auto envelope, parse_envelope(bundle_envelope));
  if (envelope.payload_type != kTrustType) return wrong_type(envelope.payload_type, kTrustType);
  auto hash = content_hash(envelope.payload);
  if (hash == bundle_hash_)
    return fail("already-imported", "This trust bundle is in force already.", "Nothing is to do.");
  if (!enough(envelope, roots_)) return stranger_bundle();
  LK_TRY(auto bundle, parse_trust_bundle(envelope.payload));
  if (bundle.version <= bundle_.version) return older(bundle.version, bundle_.version);
  if (bundle.roots && !enough(envelope, *bundle.roots))
    return fail("untrusted-signer",
                "The new root keys did not sign the trust bundle that names them.",
                "Ask the vendor for a bundle that the old and the new root keys signed.");
  issuer_keys_.clear();
  for (const auto& issuer : bundle.issuers) issuer_keys_.push_back(issuer.key);
  if (bundle.roots) roots_ = *bundle.roots;
  bundle_ = std::move(bundle);
  bundle_hash_ = std::move(hash);
  return {};
}

bool TrustStore::revokes_key_id(std::string_view key_id) const {
  return contains(bundle_.revoked.key_ids, key_id);
}

Result<std::vector<const Issuer*>> TrustStore::signers(const Envelope& envelope) const {
  std::vector<const Issuer*> out;
  for (const auto at : verified_by(envelope, issuer_keys_)) out.push_back(&bundle_.issuers[at]);
  if (out.empty()) return untrusted("No issuing key of the trust bundle signed this document.");
  std::erase_if(out, [&](const Issuer* issuer) {
    return contains(bundle_.revoked.issuers, issuer->key.fingerprint());
  });
  if (out.empty()) return revoked("The issuing key of this document was revoked.");
  return out;
}

Result<VerifiedLicense> TrustStore::verify_license(ByteView text) const {
  LK_TRY(const auto envelope, parse_envelope(text));
  return verify_license(envelope, content_hash(text));
}

Result<VerifiedLicense> TrustStore::verify_license(const Envelope& envelope,
                                                   std::string hash) const {
  if (envelope.payload_type != kLicenseType) return wrong_type(envelope.payload_type, kLicenseType);
  LK_TRY(const auto signed_by, signers(envelope));
  LK_TRY(auto document, parse_license(envelope.payload));
  LK_TRY(const auto* const issuer, named_issuer(document.issuer, document.issued, signed_by));
  for (const auto& entry : document.entries)
    if (!issuer->may_license(entry.object))
      return untrusted("The issuing key may not license `" + entry.object + "`.");
  LK_CHECK(check_revoked(document));
  return VerifiedLicense{std::move(document), std::move(hash)};
}

Result<TimeRepair> TrustStore::verify_time_repair(ByteView text) const {
  LK_TRY(const auto envelope, parse_envelope(text));
  if (envelope.payload_type != kTimeRepairType)
    return wrong_type(envelope.payload_type, kTimeRepairType);
  LK_TRY(const auto signed_by, signers(envelope));
  LK_TRY(auto repair, parse_time_repair(envelope.payload));
  LK_TRY(const auto* const issuer, named_issuer(repair.issuer, repair.time, signed_by));
  if (!issuer->may_repair_time()) return untrusted("The issuing key may not repair time.");
  return repair;
}

Result<void> TrustStore::check_revoked(const LicenseDocument& document) const {
  if (contains(bundle_.revoked.licenses, document.id)) return revoked("This license was revoked.");
  const auto* binding = std::get_if<KeyBinding>(&document.binding);
  if (binding != nullptr && revokes_key_id(binding->key_id))
    return revoked("The USB key " + binding->key_id + " was revoked.");
  return {};
}

}  // namespace latchkey
