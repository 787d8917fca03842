#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "agent/net/http.h"

namespace latchkey {

/// `rows`, an array of flat objects, as text/csv with a line of headings; `next` in the header
/// Latchkey-Next, unless it is 0.
net::Response csv_answer(const nlohmann::json& rows, std::span<const std::string_view> columns,
                         std::uint64_t next, std::string_view file_name);

}  // namespace latchkey
