#include "agent/peer/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <new>

#include "agent/identity/identity.h"
#include "core/base/keys.h"
#include "core/base/openssl.h"

namespace latchkey::peer {
namespace {

constexpr std::size_t kPemLimit = 4096;
constexpr unsigned kPrivate = 0600;

using Certificate = std::shared_ptr<X509>;

/// Core keeps its handle to itself; OpenSSL's TLS wants one.
std::shared_ptr<EVP_PKEY> handle_of(const std::string& pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* const key =
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr;
  if (key == nullptr) throw std::bad_alloc();
  return {key, &EVP_PKEY_free};
}

/// Signs itself and never ends (RFC 5280 4.1.2.5): nothing but its key is looked at.
Certificate self_signed(EVP_PKEY* key) {
  Certificate certificate(X509_new(), &X509_free);
  const auto* const name = reinterpret_cast<const unsigned char*>("latchkey node");
  X509* const x = certificate.get();
  if (x == nullptr || X509_set_version(x, X509_VERSION_3) != 1 ||
      ASN1_INTEGER_set(X509_get_serialNumber(x), 1) != 1 ||
      ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "700101000000Z") != 1 ||
      ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") != 1 ||
      X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name, -1, -1, 0) !=
          1 ||
      X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 || X509_set_pubkey(x, key) != 1 ||
      X509_sign(x, key, EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256()) == 0)
    throw std::bad_alloc();
  return certificate;
}

Result<PrivateKey> generate(const std::filesystem::path& path) {
  LK_TRY(auto key, PrivateKey::generate(KeyAlgorithm::ed25519));
  LK_TRY(const auto pem, key.plain_pem());
  LK_CHECK(write_file_atomically(path, pem, kPrivate));
  return key;
}

Result<PrivateKey> load(const std::filesystem::path& path) {
  const auto text = read_small_file(path, kPemLimit);
  if (!text && text.error().code == "file-missing") return generate(path);
  if (!text) return tl::make_unexpected(text.error());
  auto key = PrivateKey::from_pem(*text);
  if (!key)
    return fail("identity-damaged", path.string() + " does not hold a private key in PEM.",
                "Restore the file from a backup; or delete it and pair the nodes again.");
  return key;
}

}  // namespace

Result<TlsIdentity> TlsIdentity::load_or_create(const std::filesystem::path& identity_dir) {
  LK_TRY(const auto key, load(identity_dir / "tls.key"));
  LK_TRY(const auto pem, key.plain_pem());
  TlsIdentity identity;
  identity.key_ = handle_of(pem);
  identity.certificate_ = self_signed(identity.key_.get());
  identity.pin_ = key.public_key().fingerprint();
  return identity;
}

}  // namespace latchkey::peer
