#pragma once

#include <string>
#include <string_view>

#include "core/base/keys.h"
#include "tools/latchkey-vendor/session.h"

namespace latchkey::vendor {

/// Whether `text` names a key in a hardware security module rather than being one.
bool is_key_uri(std::string_view text);

/// The private key that an RFC 7512 URI names; it stays in its module, which signs. The URI names
/// the module with `module-path`, and so much of token and key that one of each fits. The PIN comes
/// from where passphrases do, and is tried once: tokens lock themselves after a few wrong ones.
/// Only ECDSA keys (libp11 has no Ed25519). Errors: `invalid-key-uri`, `hsm-no-module`,
/// `hsm-no-token`, `hsm-no-key`, `hsm-failed`, `wrong-pin`, `pin-locked`, `invalid-key`, those of
/// get_passphrase().
Result<PrivateKey> open_hsm_key(const std::string& uri, const Session& session);

}  // namespace latchkey::vendor
