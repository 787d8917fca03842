#pragma once

#include <openssl/pem.h>

#include <stdexcept>
#include <string>

#include "core/base/keys.h"
#include "core/base/openssl.h"

namespace latchkey::test {

inline openssl::KeyHandle handle_of(const PrivateKey& key) {
  const auto pem = key.plain_pem().value();
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return openssl::KeyHandle(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

/// A request for the key of `subject`, signed by `signer`, in PEM.
inline std::string request_pem(EVP_PKEY* subject, EVP_PKEY* signer) {
  const openssl::Handle<X509_REQ, X509_REQ_free> request(X509_REQ_new());
  const bool plain = EVP_PKEY_is_a(signer, "ED25519") == 1;
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (X509_REQ_set_pubkey(request.get(), subject) != 1 ||
      X509_REQ_sign(request.get(), signer, plain ? nullptr : EVP_sha256()) == 0 ||
      PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1)
    throw std::runtime_error("no certificate request");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

inline std::string certificate_request(const PrivateKey& subject, const PrivateKey& signer) {
  return request_pem(handle_of(subject).get(), handle_of(signer).get());
}
inline std::string certificate_request(const PrivateKey& key) {
  return certificate_request(key, key);
}
inline std::string rsa_request() {
  const openssl::KeyHandle key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  return request_pem(key.get(), key.get());
}

}  // namespace latchkey::test
