#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace latchkey::cli {

// Reading an answer of the agent without trusting its shape: what is missing or of another type
// reads as empty.

/// The member as printable text; numbers in decimal.
std::string text(const nlohmann::json& object, const char* name);
bool flag(const nlohmann::json& object, const char* name);
/// The member, or null.
const nlohmann::json& member(const nlohmann::json& object, const char* name);

/// For a path or a query (RFC 3986 2.1): everything but the unreserved characters.
std::string escaped(const std::string& value);

/// The name of the node with this id, from a status body; the id itself for a stranger.
std::string node_name(const nlohmann::json& status, const std::string& id);

}  // namespace latchkey::cli
