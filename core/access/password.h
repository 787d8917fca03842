#pragma once

#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/result.h"

namespace latchkey {

inline constexpr std::size_t kMinPassword = 12, kMaxPassword = 256;  ///< bytes

/// `scrypt:N:r:p:SALT:HASH` (RFC 7914; salt and hash in base64url) of a password. Takes about
/// 0.2 s and 32 MiB: for a work thread. Errors: `password-unfit` (length), `no-random`.
Result<std::string> password_verifier(std::string_view password, const FillRandom& random);
/// Whether it is the one. A verifier whose cost is out of bounds fits nothing. As slow as above,
/// and it takes the same time when `verifier` is empty: an account that does not exist must not be
/// told by the clock.
bool password_fits(std::string_view password, std::string_view verifier);

}  // namespace latchkey
