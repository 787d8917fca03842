#pragma once

#include <optional>
#include <string_view>

namespace latchkey {

/// Why a recognised key does not work (SPEC KEY-3).
enum class KeyFault {
  not_genuine,      ///< the challenge was answered wrongly: not the key it says it is (SEC-4)
  unreadable,       ///< silent, garbage, short or failing answers
  no_permission,    ///< the agent may not open the device
  busy,             ///< another program holds the device
  unprovisioned,    ///< a genuine key that carries no license
  license_invalid,  ///< its license does not verify (form, signature, signer)
  wrong_key_id,     ///< its license is bound to another key
};

/// The stable names of SPEC KEY-3: `not-genuine`, `unreadable`, …
std::string_view to_string(KeyFault fault);
std::optional<KeyFault> parse_key_fault(std::string_view name);

/// What a person reads: one sentence each for what happened and what to do.
std::string_view message(KeyFault fault);
std::string_view cure(KeyFault fault);

}  // namespace latchkey
