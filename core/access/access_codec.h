#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "core/access/access_fact.h"
#include "core/base/result.h"

namespace latchkey {

/// The member that no person is shown (AccountSet, TokenCreated).
inline constexpr const char* kVerifierMember = "verifier";

/// Adds the members of `fact` to `out`, an object; its kind is the caller's.
void write_access_fact(const AccessFact& fact, nlohmann::json& out);
/// Hostile input; nothing when `kind` names none of them. Other members of `in` are not looked at.
/// Error: `invalid-fact`.
std::optional<Result<AccessFact>> read_access_fact(std::string_view kind, const nlohmann::json& in);

}  // namespace latchkey
