#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/pool/capacity.h"

namespace latchkey {

/// SPEC QUOTA-1.
enum class Operation {
  view,
  login,
  reduce,   ///< uses less afterwards: stop, delete, release
  license,  ///< upload, refresh, delete, request key, key ID (SPEC QUOTA-4)
  create,
  other,
};
std::string_view to_string(Operation operation);  ///< `view`, `login`, …
std::optional<Operation> parse_operation(std::string_view name);

/// What the policy looks at, at one instant; refers to values that outlive it.
struct Standing {
  const Decision& decision;
  const Entitlements& entitlements;
  const Capacity& capacity;
  const Catalog& catalog;
};

/// Why no base entry counts, with the cure; none while one does. Codes: `buffer-over`,
/// `license-expired`, `server-lost`, `not-yet-valid`, `wrong-environment`, `never-inserted`,
/// `no-license`.
std::optional<Error> why_unusable(const Decision& decision, const Entitlements& entitlements);

/// Why everything but viewing, logging in, reducing and licensing is denied (SPEC QUOTA-2,
/// QUOTA-3): as why_unusable(), or `over-quota`.
std::optional<Error> restriction(const Standing& standing);

/// None: allowed. `object`: the license object that the operation is about; empty: none in
/// particular. Whether there is room for what it creates is the pool's to say, at the usage (SPEC
/// POOL-5). Codes: those of restriction(); for the object alone `module-expired`, `not-yet-valid`,
/// `not-licensed` (SPEC QUOTA-3).
std::optional<Error> denial(const Standing& standing, Operation operation,
                            const std::string& object);

}  // namespace latchkey
