#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/license/trust_store.h"

namespace latchkey {

/// Whom a trust store believes, for people and programs: root keys and issuing keys by fingerprint,
/// what was revoked. An issuing key's `status` at `now`: `revoked`, `not-yet-valid`, `ended` (what
/// it issued stays good), `valid`.
nlohmann::json trust_json(const TrustStore& trust, Time now);

}  // namespace latchkey
