#include "agent/identity/certificate_builder.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>

#include "core/base/openssl.h"
#include "core/base/random.h"

namespace latchkey {
namespace {

using Number = openssl::Handle<BIGNUM, BN_free>;
using Extension = openssl::Handle<X509_EXTENSION, X509_EXTENSION_free>;

tl::unexpected<Error> crypto_failed() {
  ERR_clear_error();
  return fail("crypto-failed", "The cryptographic library could not make a certificate.");
}

/// 127 random bits (RFC 5280 4.1.2.2): two certificates of one name never share a number.
bool set_serial(X509* certificate) {
  std::array<std::uint8_t, 16> bytes{};
  if (!system_random(bytes)) return false;
  bytes[0] &= 0x7f;
  const Number number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_time(ASN1_TIME* field, Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return ASN1_TIME_adj(field, static_cast<std::time_t>(seconds), 0, 0) != nullptr;
}

bool add_name(X509_NAME* name, int nid, const std::string& text) {
  return text.empty() ||
         X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateForm& form) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : form.extensions) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return false;
  }
  return true;
}

}  // namespace

Result<std::shared_ptr<X509>> build_certificate(const CertificateForm& form, EVP_PKEY* issuer_key,
                                                X509* issuer) {
  const std::shared_ptr<X509> certificate(X509_new(), &X509_free);
  X509* const x = certificate.get();
  if (x == nullptr) return crypto_failed();
  X509* const signer = issuer == nullptr ? x : issuer;
  auto* const subject = X509_get_subject_name(x);
  if (X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) ||
      !set_time(X509_getm_notBefore(x), form.from) ||
      !set_time(X509_getm_notAfter(x), form.until) ||
      !add_name(subject, NID_commonName, form.name) ||
      !add_name(subject, NID_serialNumber, form.id) || X509_set_pubkey(x, form.key) != 1 ||
      X509_set_issuer_name(x, X509_get_subject_name(signer)) != 1 ||
      !add_extensions(x, signer, form) || X509_sign(x, issuer_key, EVP_sha256()) == 0)
    return crypto_failed();
  return certificate;
}

Result<std::string> certificate_pem(X509* certificate) {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return crypto_failed();
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace latchkey
