#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace latchkey {

/// What `latchkey server token create` prints, and a consumer enrols with (SPEC SRV-2): `LKE-` and
/// base64url (RFC 4648 section 5, no padding) of one byte of version (1), the pin, id and secret.
struct EnrolmentToken {
  std::string pin;  ///< of the deployment's CA: lower-case hex SHA-256 of its SubjectPublicKeyInfo
  std::string id;   ///< 16 hex digits
  Bytes secret;     ///< 24 random bytes

  /// Lower-case hex SHA-256 of the secret: all that the deployment keeps.
  std::string verifier() const;
};

/// Error: `no-random`.
Result<EnrolmentToken> new_enrolment_token(std::string pin, const FillRandom& random);
std::string encode_enrolment_token(const EnrolmentToken& token);
/// White space around it is dropped, as people paste it. Error: `token-invalid`.
Result<EnrolmentToken> decode_enrolment_token(std::string_view text);

}  // namespace latchkey
