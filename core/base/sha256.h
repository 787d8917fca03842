#pragma once

#include <array>
#include <initializer_list>
#include <string>

#include "core/base/bytes.h"

namespace latchkey {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4) over the concatenation of `parts`.
Digest sha256(std::initializer_list<ByteView> parts);
inline Digest sha256(ByteView bytes) { return sha256({bytes}); }

/// The name under which a document is stored: lower-case hex of its SHA-256.
std::string content_hash(ByteView bytes);

}  // namespace latchkey
