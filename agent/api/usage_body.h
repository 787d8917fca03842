#pragma once

#include <string_view>

#include "agent/api/consumers.h"
#include "core/base/result.h"

namespace latchkey {

inline constexpr std::size_t kMaxRequestId = 64;  ///< bytes

/// Reads a usage statement without building a document of it: this is the body that the agent reads
/// most. Hostile input, as strict as JsonObject. `out` keeps its memory. Error: `bad-request`.
Result<void> read_usage(std::string_view body, UsageStatement& out);

}  // namespace latchkey
