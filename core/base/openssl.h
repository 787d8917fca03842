#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

// Owners for OpenSSL's handles; for .cpp files only, so that no public header drags OpenSSL in.
namespace latchkey::openssl {

template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* handle) const {
    Release(handle);
  }
};

template <class T, auto Release>
using Handle = std::unique_ptr<T, Releaser<Release>>;

using Bio = Handle<BIO, BIO_free_all>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using Pkcs8 = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Scheme = Handle<X509_ALGOR, X509_ALGOR_free>;
using EncryptedPkcs8 = Handle<X509_SIG, X509_SIG_free>;

}  // namespace latchkey::openssl
