#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/latchkey/style.h"

namespace latchkey::cli {

/// `10 CPU sockets, 4 used, 6 available` of one pool of a status or of GET /v1/pools.
std::string pool_text(const nlohmann::json& pool, const Style& style);

}  // namespace latchkey::cli
