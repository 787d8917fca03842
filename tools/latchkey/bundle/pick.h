#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace latchkey::cli {

/// Dotted paths of the members that may be told, such as `deployment.nodes.id`. A list's items have
/// the path of the list. A path stands for a single value or a list of them, never for an object.
using Allowed = std::span<const std::string_view>;

/// `value` with nothing in it but what `allowed` names. The paths of what was there besides go to
/// `left_out`, without their values.
nlohmann::json pick(const nlohmann::json& value, Allowed allowed, std::set<std::string>& left_out);

}  // namespace latchkey::cli
