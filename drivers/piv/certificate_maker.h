#pragma once

#include <functional>
#include <string>

#include "core/base/keys.h"
#include "core/ports.h"

namespace latchkey::piv {

/// Signs a SHA-256 digest with the token's own key: ECDSA, DER.
using SignDigest = std::function<KeyResult<Bytes>(ByteView digest)>;

/// The content of object 5FC101: a certificate over `key` (P-256) that it has signed itself, with
/// `key_id` as its common name and no end (99991231235959Z, RFC 5280 4.1.2.5). Errors: those of
/// `sign`; `protocol` when what it returns does not verify.
KeyResult<Bytes> make_certificate(const PublicKey& key, const std::string& key_id,
                                  const SignDigest& sign);

}  // namespace latchkey::piv
