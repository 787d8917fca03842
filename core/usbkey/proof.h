#pragma once

#include <string_view>

#include "core/base/bytes.h"
#include "core/base/sha256.h"

namespace latchkey {

inline constexpr std::size_t kNonceSize = 32;

/// What a USB key signs to prove that it owns its private key (SPEC SEC-4):
/// SHA-256("latchkey/prove/v1" ‖ deployment id, 64 hex digits ‖ nonce). The prefix and the
/// deployment keep an answer from serving anywhere else; the nonce keeps it from serving twice.
inline Digest proof_challenge(std::string_view deployment_id, ByteView nonce) {
  return sha256({as_bytes("latchkey/prove/v1"), as_bytes(deployment_id), nonce});
}

}  // namespace latchkey
