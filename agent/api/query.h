#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/api/backend.h"

namespace latchkey {

inline constexpr std::size_t kMaxPage = 1000;  ///< rows of one answer
inline constexpr std::size_t kMaxFilter = 64;  ///< bytes of a text that is looked for

/// A whole number as a query parameter has it; none: it is something else.
std::optional<std::uint64_t> query_number(const std::string& text);

/// What `GET /v1/licenses` is asked for: text, status, entries (all, none), after, limit. Error:
/// `bad-request`.
Result<LicenseQuery> licenses_query(const net::Request& request);
/// What `GET /v1/entries` is asked for: text, status, license, object, unit, kind, each, after,
/// limit (100 unless it is told). Error: `bad-request`.
Result<LicenseQuery> entries_query(const net::Request& request);

}  // namespace latchkey
