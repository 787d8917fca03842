#include "tests/simulation/vendor.h"

#include <utility>

#include "core/base/sha256.h"
#include "core/license/envelope.h"
#include "core/usbkey/key_id.h"

namespace latchkey::simulation {
namespace {

constexpr std::uint8_t kRoot = 1, kIssuing = 2, kFirstUsbKey = 100;
constexpr char kIssuer[] = "issuer-1";

/// From before the simulation's first day until after its last.
ValidityWindow always() {
  return {parse_time("2020-01-01T00:00:00Z").value(), parse_time("2200-01-01T00:00:00Z").value()};
}

Bytes seal(std::string_view type, std::string_view payload, const PrivateKey& key) {
  const auto text = make_envelope(type, payload, {&key, 1}).value();
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

TrustStore open_trust(const PrivateKey& root, const PrivateKey& issuing) {
  const TrustBundle bundle{
      1, always().not_before, {{kIssuer, issuing.public_key(), {"license"}, always()}}, {}, {}};
  return TrustStore::open({{root.public_key()}, 1}, seal(kTrustType, serialise(bundle), root))
      .value();
}

}  // namespace

PrivateKey fixed_key(std::uint8_t n) {
  auto der = from_hex("302e020100300506032b657004220420").value();  // RFC 8410 7
  der.resize(der.size() + 32, n);
  return PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + to_base64(der) +
                              "\n-----END PRIVATE KEY-----\n")
      .value();
}

std::string usb_key_id(int n) {
  return key_id(fixed_key(static_cast<std::uint8_t>(kFirstUsbKey + n)).public_key().der());
}

Vendor::Vendor()
    : root_(fixed_key(kRoot)), issuing_(fixed_key(kIssuing)), trust_(open_trust(root_, issuing_)) {}

Issued Vendor::read(const Bytes& envelope) const {
  auto document = parse_license(parse_envelope(envelope).value().payload).value();
  return {std::move(document), envelope, content_hash(envelope)};
}

Issued Vendor::issue(Binding binding, Time issued, ValidityWindow validity, std::string id) const {
  LicenseDocument document;
  document.id = std::move(id);
  document.serial = 1;
  document.issued = issued;
  document.issuer = kIssuer;
  document.customer = "Simulated AG";
  document.binding = std::move(binding);
  document.entries = {{"kvm", "cpu-socket", 10, EntryKind::base, validity, {}}};
  auto envelope = seal(kLicenseType, serialise(document), issuing_);
  auto hash = content_hash(envelope);
  return {std::move(document), std::move(envelope), std::move(hash)};
}

}  // namespace latchkey::simulation
