#pragma once

#include <string>

#include "core/base/keys.h"
#include "core/ports.h"

// The certificate of slot 9E: object 5FC101, SP 800-73-4 part 1 appendix A, table 15. It names the
// public key and proves nothing.
namespace latchkey::piv {

/// What a token's certificate (X.509, RFC 5280) says.
struct Certificate {
  PublicKey public_key;
  std::string subject;  ///< RFC 2253, printable ASCII only
};

/// From the object as GET DATA gave it. Errors: `not_a_key` when there is none, or one whose key is
/// of a kind that no license key has (RSA); `protocol` when it is malformed.
KeyResult<Certificate> read_certificate(ByteView object);

}  // namespace latchkey::piv
