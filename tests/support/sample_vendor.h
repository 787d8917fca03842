#pragma once

#include <string>
#include <utility>

#include "core/license/document.h"
#include "core/license/envelope.h"
#include "core/license/trust_store.h"
#include "core/usbkey/key_id.h"

namespace latchkey::test {

inline Time at(std::string_view text) { return parse_time(text).value(); }

inline Bytes bytes_of(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

inline PrivateKey new_key(KeyAlgorithm algorithm = KeyAlgorithm::ed25519) {
  return PrivateKey::generate(algorithm).value();
}

/// A vendor with one root and one issuing key, for tests of whoever reads licenses.
class SampleVendor {
 public:
  const PrivateKey root = new_key();
  const PrivateKey issuing = new_key();

  Issuer issuer() const {
    return {"issuer-1", issuing.public_key(), {"license"}, year(2025, 2035)};
  }
  TrustBundle bundle(std::uint64_t version = 1) const {
    return {version, at("2025-01-01T00:00:00Z"), {issuer()}, {}, {}};
  }
  Bytes seal(const TrustBundle& bundle) const { return seal(kTrustType, serialise(bundle), root); }
  RootSet roots() const { return {{root.public_key()}, 1}; }
  TrustStore trust() const { return TrustStore::open(roots(), seal(bundle())).value(); }

  static ValidityWindow year(int from, int to) {
    return {at(std::to_string(from) + "-01-01T00:00:00Z"),
            at(std::to_string(to) + "-01-01T00:00:00Z")};
  }
  static LicenseEntry entry(std::string object = "kvm") {
    return {std::move(object), "cpu-socket", 10, EntryKind::base, year(2026, 2027), {}};
  }
  /// A year of ten KVM sockets for `key_id`.
  static LicenseDocument license(std::string key_id) {
    LicenseDocument out;
    out.id = "L-1";
    out.serial = 1;
    out.issued = at("2025-12-01T00:00:00Z");
    out.issuer = "issuer-1";
    out.customer = "Ærø Data A/S";
    out.binding = KeyBinding{std::move(key_id)};
    out.entries = {entry()};
    return out;
  }
  Bytes seal(const LicenseDocument& document) const {
    return seal(kLicenseType, serialise(document), issuing);
  }
  static Bytes seal(std::string_view type, std::string_view payload, const PrivateKey& key) {
    return bytes_of(make_envelope(type, payload, {&key, 1}).value());
  }
};

}  // namespace latchkey::test
