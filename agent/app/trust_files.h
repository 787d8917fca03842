#pragma once

#include "agent/config/config.h"
#include "core/license/trust_store.h"

namespace latchkey {

/// Reads the root keys and the bundle that the configuration names. Without roots nobody is
/// believed: every license is then `license-invalid`. Errors: those of the files, of
/// PublicKey::from_pem and of TrustStore::accept, each with the file's name.
Result<TrustStore> load_trust(const Config::Trust& config);

}  // namespace latchkey
