#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

struct ssl_ctx_st;

namespace latchkey::net {

/// What a TLS server shows, and whose clients it knows; all in PEM.
struct TlsMaterial {
  std::string chain;      ///< its own certificate first
  std::string key;        ///< of that certificate
  std::string client_ca;  ///< that client certificates have to come from
};

/// TLS 1.3 (RFC 8446) and nothing older. A client may come without a certificate, never with one
/// that is expired or from elsewhere. No tickets: who was revoked is not let in by an old session.
/// Error: `tls-certificate`.
Result<std::shared_ptr<ssl_ctx_st>> make_tls_context(const TlsMaterial& material);

}  // namespace latchkey::net
