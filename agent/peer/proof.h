#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey::peer {

/// What `latchkey peer invite` prints: base64url (RFC 4648 section 5, no padding) of a JSON object.
struct Token {
  std::string address;     ///< where the inviter listens
  std::string pin;         ///< of the inviter: lower-case hex SHA-256 of its SubjectPublicKeyInfo
  Bytes secret;            ///< 32 random bytes
  Time expires;            ///< by the inviter's clock, which alone decides
  std::string deployment;  ///< the deployment that is joined
};
std::string encode_token(const Token& token);
/// White space around it is dropped, as people paste it. Error: `token-invalid`.
Result<Token> decode_token(std::string_view text);

/// Names an invitation without telling its secret: 32 hex digits.
std::string invitation_id(ByteView secret);

inline constexpr std::size_t kNonceBytes = 32;

/// What both proofs cover. Each field has a fixed length, so that the parts cannot be shifted.
struct Transcript {
  std::string inviter_pin;
  std::string joiner_pin;
  std::string inviter_nonce;
  std::string joiner_nonce;
  std::string joiner_node;
};
/// HMAC-SHA-256 (RFC 2104) under the token's secret, lower-case hex. The two differ by their label,
/// so that neither side can answer with what it was sent.
std::string joiner_proof(ByteView secret, const Transcript& transcript);
std::string inviter_proof(ByteView secret, const Transcript& transcript);

Bytes random_bytes(std::size_t count);

}  // namespace latchkey::peer
