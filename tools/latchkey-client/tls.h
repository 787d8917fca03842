#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

struct ssl_ctx_st;

namespace latchkey::client {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// What a client shows, and what it holds a server against; all PEM.
struct TlsCard {
  std::string ca{};                  ///< the only anchors; empty: no server is verified
  std::string certificate{}, key{};  ///< empty: none
};

/// A context of a TLS 1.3 client. Errors: `invalid-certificate` (the texts), `crypto-failed`.
Result<TlsContext> make_tls(const TlsCard& card);

/// Of a certificate in PEM, its public key's pin: lower-case hex SHA-256 of the
/// SubjectPublicKeyInfo; empty when it is none.
std::string pin_of(const std::string& certificate_pem);

}  // namespace latchkey::client
