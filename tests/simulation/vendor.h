#pragma once

#include <map>
#include <string>

#include "core/deployment/fingerprint.h"
#include "core/license/document.h"
#include "core/license/trust_store.h"

namespace latchkey::simulation {

/// A signed license.
struct Issued {
  LicenseDocument document;
  Bytes envelope;
  std::string hash;
  LicenseSummary summary() const { return summarise(document, hash); }
};

/// Who issues licenses in the simulation. Its keys never change, so a seed means the same in every
/// process.
class Vendor {
 public:
  /// `signs`: for real. To make and check signatures takes longer than all else that a run does, so
  /// only runs in which they decide something do.
  explicit Vendor(bool signs);

  /// The one of this process.
  static const Vendor& get(bool signs);

  bool signs() const { return signs_; }

  RootSet roots() const { return {{root_.public_key()}, 1}; }
  /// The first trust bundle, which every node is set up with.
  const Bytes& bundle() const { return bundle_; }
  /// A later one.
  Bytes bundle(std::uint64_t version, std::vector<std::string> revoked_licenses) const;
  /// A license of ours, as a key would carry it.
  Issued read(const Bytes& envelope) const;
  /// A license for a key.
  Issued issue(Binding binding, Time issued, ValidityWindow validity, std::string id) const;
  /// Anything else; the issuer's part of it is filled in.
  Issued issue(LicenseDocument document) const;
  /// As TrustStore::verify_license() of what this vendor issued without signing it.
  static Result<VerifiedLicense> vouch(const Bytes& envelope);

 private:
  const bool signs_;
  PrivateKey root_;
  PrivateKey issuing_;
  Bytes bundle_;
};

/// The n-th key pair of the simulation.
PrivateKey fixed_key(std::uint8_t n);
/// The ID of the n-th USB key.
const std::string& usb_key_id(int n);

}  // namespace latchkey::simulation
