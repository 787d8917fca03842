#include "agent/identity/site_key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "core/base/openssl.h"

namespace latchkey {
namespace {

using CertificateRequest = openssl::Handle<X509_REQ, X509_REQ_free>;

constexpr std::string_view kLabel = "latchkey/site/v1/";

std::string text_of(const openssl::Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<SiteKey> make_site_key(const PrivateKey& deployment_key, std::string_view token) {
  LK_TRY(auto seed, deployment_key.derive(std::string(kLabel).append(token)));
  const openssl::KeyHandle key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  OPENSSL_cleanse(seed.data(), seed.size());
  const CertificateRequest request(X509_REQ_new());
  const openssl::Bio key_pem(BIO_new(BIO_s_mem())), request_pem(BIO_new(BIO_s_mem()));
  const bool made = key && request && key_pem && request_pem &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), nullptr) > 0 &&
                    PEM_write_bio_X509_REQ(request_pem.get(), request.get()) == 1 &&
                    PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0,
                                                  nullptr, nullptr) == 1;
  if (made) return SiteKey{text_of(key_pem), text_of(request_pem)};
  ERR_clear_error();
  return fail("crypto-failed", "The cryptographic library could not make the site's key.");
}

}  // namespace latchkey
