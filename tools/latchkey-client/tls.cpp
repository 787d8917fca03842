#include "tools/latchkey-client/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "core/base/openssl.h"
#include "core/base/sha256.h"

namespace latchkey::client {
namespace {

using Certificate = openssl::Handle<X509, X509_free>;

openssl::Bio reading(const std::string& pem) {
  return openssl::Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Nobody is at a terminal to ask.
int no_passphrase(char*, int, int, void*) { return -1; }

tl::unexpected<Error> unusable(const char* what) {
  ERR_clear_error();
  return fail("invalid-certificate", std::string(what) + " cannot be used.",
              "Enrol again: `latchkey connect`.");
}

/// Every certificate of the text.
bool trust(SSL_CTX* context, const std::string& pem) {
  const auto bio = reading(pem);
  int count = 0;
  for (;; ++count) {
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1) return false;
  }
  ERR_clear_error();  // the end of the text is one
  return count > 0;
}

bool show(SSL_CTX* context, const TlsCard& card) {
  const Certificate certificate(
      PEM_read_bio_X509(reading(card.certificate).get(), nullptr, nullptr, nullptr));
  const openssl::KeyHandle key(
      PEM_read_bio_PrivateKey(reading(card.key).get(), nullptr, no_passphrase, nullptr));
  return certificate && key && SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
         SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

Result<TlsContext> make_tls(const TlsCard& card) {
  TlsContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1)
    return fail("crypto-failed", "OpenSSL cannot speak TLS 1.3.", "Look at openssl.cnf.");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  if (!card.ca.empty()) {
    if (!trust(context.get(), card.ca)) return unusable("The CA's certificate");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!card.certificate.empty() && !show(context.get(), card))
    return unusable("The certificate, with its key,");
  return context;
}

std::string pin_of(const std::string& certificate_pem) {
  const Certificate certificate(
      PEM_read_bio_X509(reading(certificate_pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate) return {};
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (size <= 0) return {};
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
      der, [](unsigned char* bytes) { OPENSSL_free(bytes); });
  return content_hash({der, static_cast<std::size_t>(size)});
}

}  // namespace latchkey::client
