#include "agent/identity/authority.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "agent/identity/certificate_builder.h"
#include "agent/identity/certificate_pin.h"
#include "core/base/openssl.h"

namespace latchkey {
namespace {

using Number = openssl::Handle<BIGNUM, BN_clear_free>;
using Group = openssl::Handle<EC_GROUP, EC_GROUP_free>;
using Point = openssl::Handle<EC_POINT, EC_POINT_free>;
using Builder = openssl::Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = openssl::Handle<OSSL_PARAM, OSSL_PARAM_free>;
using CertificateRequest = openssl::Handle<X509_REQ, X509_REQ_free>;
using Key = std::shared_ptr<EVP_PKEY>;

constexpr std::string_view kLabel = "latchkey/ca/v1";
constexpr std::size_t kPointBytes = 65;
constexpr std::size_t kRequestLimit = 8 * 1024;
constexpr Time kCaFrom = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
constexpr Time kCaUntil = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
constexpr Duration kSkew = kDay;  // SPEC TIME-3: clocks of clients that are behind
constexpr Duration kClientLife = 3650 * kDay;
// Browsers refuse more than 825 days, even of an authority of one's own.
constexpr Duration kServerLife = 398 * kDay;
constexpr Duration kServerRenewal = 30 * kDay;

tl::unexpected<Error> crypto_failed() {
  ERR_clear_error();
  return fail("crypto-failed", "The cryptographic library could not make the deployment's CA.");
}

/// A number from 1 to the group's order - 1, by testing candidates (FIPS 186-5 A.2.2).
Result<Number> secret_number(const PrivateKey& deployment_key, const EC_GROUP* group) {
  std::string label(kLabel);
  while (true) {
    LK_TRY(const Bytes seed, deployment_key.derive(label));
    Number number(BN_bin2bn(seed.data(), static_cast<int>(seed.size()), nullptr));
    if (!number) return crypto_failed();
    if (!BN_is_zero(number.get()) && BN_cmp(number.get(), EC_GROUP_get0_order(group)) < 0)
      return number;
    label += "+";
  }
}

Result<Key> ca_key(const PrivateKey& deployment_key) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  if (!group) return crypto_failed();
  LK_TRY(const Number number, secret_number(deployment_key, group.get()));
  const Point point(EC_POINT_new(group.get()));
  std::array<std::uint8_t, kPointBytes> bytes{};
  if (!point ||
      EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, bytes.data(),
                         bytes.size(), nullptr) != bytes.size())
    return crypto_failed();
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, bytes.data(),
                                       bytes.size()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) != 1)
    return crypto_failed();
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1)
    return crypto_failed();
  return Key(key, &EVP_PKEY_free);
}

Result<Key> handle_of(const PublicKey& key) {
  const auto* bytes = key.der().data();
  Key handle(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(key.der().size())), &EVP_PKEY_free);
  if (!handle) return crypto_failed();
  return handle;
}

bool is_address(const std::string& name) {
  std::array<std::uint8_t, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

/// As it may stand in OpenSSL's configuration syntax, which knows commas and colons.
bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
  });
}

Result<std::string> alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    if (!is_address(name) && !is_host_name(name))
      return fail("server-name", "\"" + name + "\" is no host name and no address.",
                  "Correct server.names in the agent's configuration.");
    text += (text.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

tl::unexpected<Error> invalid_request(const std::string& why) {
  ERR_clear_error();
  return fail("request-invalid", "The certificate request cannot be used: " + why + ".",
              "Make a P-256 key and a request for it: openssl req -new -newkey ec -pkeyopt "
              "ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=me -out request.pem");
}

}  // namespace

Result<Authority> Authority::create(const PrivateKey& deployment_key) {
  Authority authority;
  LK_TRY(authority.key_, ca_key(deployment_key));
  LK_TRY(
      authority.certificate_,
      build_certificate({"Latchkey CA " + deployment_key.public_key().fingerprint().substr(0, 16),
                         {},
                         authority.key_.get(),
                         kCaFrom,
                         kCaUntil,
                         {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                          {NID_key_usage, "critical,keyCertSign,cRLSign"},
                          {NID_subject_key_identifier, "hash"}}},
                        authority.key_.get(), nullptr));
  LK_TRY(authority.pem_, latchkey::certificate_pem(authority.certificate_.get()));
  authority.pin_ = pin_of(authority.certificate_.get());
  return authority;
}

Result<std::string> Authority::issue_client(const PublicKey& key, const Subject& subject,
                                            Time now) const {
  LK_TRY(const auto handle, handle_of(key));
  LK_TRY(const auto certificate,
         build_certificate({subject.name,
                            subject.id,
                            handle.get(),
                            now - kSkew,
                            now + kClientLife,
                            {{NID_basic_constraints, "critical,CA:FALSE"},
                             {NID_key_usage, "critical,digitalSignature"},
                             {NID_ext_key_usage, "clientAuth"},
                             {NID_subject_key_identifier, "hash"},
                             {NID_authority_key_identifier, "keyid:always"}}},
                           key_.get(), certificate_.get()));
  return latchkey::certificate_pem(certificate.get());
}

Result<Authority::ServerCertificate> Authority::issue_server(const std::vector<std::string>& names,
                                                             Time now) const {
  LK_TRY(const auto key, PrivateKey::generate(KeyAlgorithm::ecdsa_p256));
  LK_TRY(const auto handle, handle_of(key.public_key()));
  LK_TRY(const auto alternatives, alternative_names(names));
  LK_TRY(const auto certificate, build_certificate({"Latchkey server",
                                                    {},
                                                    handle.get(),
                                                    now - kSkew,
                                                    now + kServerLife,
                                                    {{NID_basic_constraints, "critical,CA:FALSE"},
                                                     {NID_key_usage, "critical,digitalSignature"},
                                                     {NID_ext_key_usage, "serverAuth"},
                                                     {NID_subject_key_identifier, "hash"},
                                                     {NID_authority_key_identifier, "keyid:always"},
                                                     {NID_subject_alt_name, alternatives}}},
                                                   key_.get(), certificate_.get()));
  LK_TRY(const auto own, latchkey::certificate_pem(certificate.get()));
  LK_TRY(auto key_pem, key.plain_pem());
  return ServerCertificate{own + pem_, std::move(key_pem), now + kServerRenewal};
}

Result<PublicKey> key_of_request(std::string_view pem) {
  if (pem.size() > kRequestLimit) return invalid_request("it is longer than 8 KiB");
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const CertificateRequest request(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr)
                                       : nullptr);
  if (!request) return invalid_request("it is no PEM of a PKCS#10 request");
  auto* const key = X509_REQ_get0_pubkey(request.get());
  Bytes der(static_cast<std::size_t>(key == nullptr ? 0 : std::max(0, i2d_PUBKEY(key, nullptr))));
  auto* cursor = der.data();
  if (!der.empty()) i2d_PUBKEY(key, &cursor);
  // Which kinds of keys, before anything is computed with one: RSA of 16384 bits takes its time.
  auto known = PublicKey::from_der(der);
  if (!known) return invalid_request("its key is neither P-256, P-384 nor Ed25519");
  if (X509_REQ_verify(request.get(), key) != 1)
    return invalid_request("it is not signed by the key that it names");
  return known;
}

}  // namespace latchkey
