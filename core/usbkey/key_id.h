#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace latchkey {

/// The name of a USB key (DESIGN 3): `LK-` + the first 100 bits of SHA-256 over the
/// SubjectPublicKeyInfo as 20 Crockford base32 digits in groups of five + one check digit:
/// `LK-01234-56789-ABCDE-FGHJK-M`.
///
/// The check digit is a Reed-Solomon parity over GF(32), so it is one of the same 32 digits
/// (Crockford's own mod-37 digit would put `* ~ $ =` into names that people type into shells) and
/// still catches every wrong digit and every swap of two digits, adjacent or not.
std::string key_id(ByteView spki);

/// What a person typed, in the canonical spelling: case does not matter, `I L` are 1, `O` is 0,
/// hyphens may stand anywhere or be left out, white space around it is dropped. Nothing when it is
/// no key ID or was mistyped (REQ-3).
std::optional<std::string> parse_key_id(std::string_view text);

}  // namespace latchkey
