#include "agent/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "core/base/openssl.h"

namespace latchkey::net {
namespace {

using Certificate = openssl::Handle<X509, X509_free>;

constexpr long kMaxClientChain = 16 * 1024;  // bytes: one certificate and perhaps the CA's

openssl::Bio reading(const std::string& pem) {
  return openssl::Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Certificate next_certificate(BIO* bio) {
  return Certificate(bio ? PEM_read_bio_X509(bio, nullptr, nullptr, nullptr) : nullptr);
}

bool use_chain(SSL_CTX* context, const std::string& pem) {
  const auto bio = reading(pem);
  const auto own = next_certificate(bio.get());
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const auto next = next_certificate(bio.get()))
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  ERR_clear_error();  // the end of the file is one
  return true;
}

/// An empty passphrase, so that OpenSSL never asks on a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

bool use_key(SSL_CTX* context, const std::string& pem) {
  const auto bio = reading(pem);
  const openssl::KeyHandle key(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr) : nullptr);
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

bool know_clients_of(SSL_CTX* context, const std::string& pem) {
  const auto ca = next_certificate(reading(pem).get());
  return ca && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) == 1 &&
         SSL_CTX_add_client_CA(context, ca.get()) == 1;
}

void set_modes(SSL_CTX* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, 1);
  SSL_CTX_set_max_cert_list(context, kMaxClientChain);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

Result<std::shared_ptr<ssl_ctx_st>> make_tls_context(const TlsMaterial& material) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX* const ctx = context.get();
  if (ctx != nullptr && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_num_tickets(ctx, 0) == 1 && use_chain(ctx, material.chain) &&
      use_key(ctx, material.key) && know_clients_of(ctx, material.client_ca)) {
    set_modes(ctx);
    return context;
  }
  ERR_clear_error();
  return fail("tls-certificate", "The server's certificate and key do not fit together.",
              "Check server.certificate and server.key: PEM, the certificate first, then its "
              "chain; the key without a passphrase.");
}

}  // namespace latchkey::net
