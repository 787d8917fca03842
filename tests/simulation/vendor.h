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
  Vendor();

  const TrustStore& trust() const { return trust_; }
  /// A license of ours, as a key would carry it.
  Issued read(const Bytes& envelope) const;
  Issued issue(Binding binding, Time issued, ValidityWindow validity, std::string id) const;

 private:
  PrivateKey root_;
  PrivateKey issuing_;
  TrustStore trust_;
};

/// The n-th key pair of the simulation.
PrivateKey fixed_key(std::uint8_t n);
/// The ID of the n-th USB key.
std::string usb_key_id(int n);

}  // namespace latchkey::simulation
