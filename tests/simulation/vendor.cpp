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

/// Has the form of one, so that everything but the signature is as it always is.
Bytes without_signature(std::string_view type, std::string_view payload) {
  const auto body = as_bytes(payload);
  const auto text = serialise(
      Envelope{std::string(type), Bytes(body.begin(), body.end()), {{"nobody", Bytes(64)}}});
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

PrivateKey fixed_key(std::uint8_t n) {
  auto der = from_hex("302e020100300506032b657004220420").value();  // RFC 8410 7
  der.resize(der.size() + 32, n);
  return PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + to_base64(der) +
                              "\n-----END PRIVATE KEY-----\n")
      .value();
}

const std::string& usb_key_id(int n) {
  static std::map<int, std::string> known;  // each costs as much as ten steps of a run
  auto& id = known[n];
  if (id.empty())
    id = key_id(fixed_key(static_cast<std::uint8_t>(kFirstUsbKey + n)).public_key().der());
  return id;
}

Vendor::Vendor(bool signs)
    : signs_(signs),
      root_(fixed_key(kRoot)),
      issuing_(fixed_key(kIssuing)),
      bundle_(bundle(1, {})) {}

Issued Vendor::read(const Bytes& envelope) const {
  auto document = parse_license(parse_envelope(envelope).value().payload).value();
  return {std::move(document), envelope, content_hash(envelope)};
}

const Vendor& Vendor::get(bool signs) {
  static const Vendor quick(false), careful(true);
  return signs ? careful : quick;
}

Bytes Vendor::bundle(std::uint64_t version, std::vector<std::string> revoked_licenses) const {
  const TrustBundle bundle{version,
                           always().not_before,
                           {{kIssuer, issuing_.public_key(), {"license"}, always()}},
                           {{}, std::move(revoked_licenses), {}},
                           {}};
  return seal(kTrustType, serialise(bundle), root_);
}

Result<VerifiedLicense> Vendor::vouch(const Bytes& envelope) {
  LK_TRY(const auto parsed, parse_envelope(envelope));
  LK_TRY(auto document, parse_license(parsed.payload));
  return VerifiedLicense{std::move(document), content_hash(envelope)};
}

Issued Vendor::issue(Binding binding, Time issued, ValidityWindow validity, std::string id) const {
  LicenseDocument document;
  document.id = std::move(id);
  document.issued = issued;
  document.binding = std::move(binding);
  document.entries = {{"kvm", "cpu-socket", 10, EntryKind::base, validity, {}},
                      {"disaster-recovery", "vm", 3, EntryKind::module, validity, {}}};
  return issue(std::move(document));
}

Issued Vendor::issue(LicenseDocument document) const {
  document.serial = 1;
  document.issuer = kIssuer;
  document.customer = "Simulated AG";
  const auto payload = serialise(document);
  auto envelope =
      signs_ ? seal(kLicenseType, payload, issuing_) : without_signature(kLicenseType, payload);
  auto hash = content_hash(envelope);
  return {std::move(document), std::move(envelope), std::move(hash)};
}

}  // namespace latchkey::simulation
