#pragma once

#include <string>
#include <vector>

#include "core/license/document.h"
#include "core/license/envelope.h"
#include "core/license/time_repair.h"
#include "core/license/trust_bundle.h"

namespace latchkey {

/// A license whose signature, signer and form are right. Whether it is in force is another
/// question: an expired or not-yet-valid license is verified too (SPEC KEY).
struct VerifiedLicense {
  LicenseDocument document;
  std::string hash;  ///< content hash of the envelope
};

/// Whom this deployment believes (SPEC SEC-5): root keys from the configuration, and what the
/// newest bundle that they signed says. A value; reading it from several threads is safe.
class TrustStore {
 public:
  /// Believes nobody until accept().
  explicit TrustStore(RootSet roots);
  /// With a first bundle. Errors as accept().
  static Result<TrustStore> open(RootSet roots, ByteView bundle_envelope);

  /// Takes in a newer bundle. A bundle that changes the roots must be signed by the threshold of
  /// the present ones and by that of the new ones. On error nothing changes. Errors:
  /// `invalid-format`, `untrusted-signer`, `older-than-current`, `already-imported`.
  Result<void> accept(ByteView bundle_envelope);

  std::uint64_t version() const { return bundle_.version; }  ///< 0: no bundle yet
  const TrustBundle& bundle() const { return bundle_; }
  const RootSet& roots() const { return roots_; }
  bool revokes_key_id(std::string_view key_id) const;

  /// Verifies, then parses. Errors (SPEC LIC-5): `invalid-format`, `untrusted-signer`, `revoked`.
  Result<VerifiedLicense> verify_license(ByteView envelope) const;
  /// The same of an envelope that was taken apart before; `hash` is its content hash.
  Result<VerifiedLicense> verify_license(const Envelope& envelope, std::string hash) const;
  /// As verify_license(), by an issuing key of scope `time`; whether it is for this deployment, and
  /// not used yet, is another question.
  Result<TimeRepair> verify_time_repair(ByteView envelope) const;

 private:
  Result<std::vector<const Issuer*>> signers(const Envelope& envelope) const;
  Result<void> check_revoked(const LicenseDocument& document) const;

  RootSet roots_;
  TrustBundle bundle_;
  std::vector<PublicKey> issuer_keys_;  ///< of bundle_.issuers, in its order
  std::string bundle_hash_;             ///< of the payload
};

}  // namespace latchkey
