#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

using Duration = std::chrono::milliseconds;
/// Wall-clock (license) time, UTC, in milliseconds. Deadlines use std::chrono::steady_clock
/// instead.
using Time = std::chrono::sys_time<Duration>;

inline constexpr Duration kDay = std::chrono::hours(24);

/// RFC 3339 in UTC with `Z`; milliseconds appear only when they are not zero.
std::string format_time(Time time);

/// Accepts `YYYY-MM-DDTHH:MM:SS[.fraction]Z` with upper-case T and Z only; years 1970 to 9999.
std::optional<Time> parse_time(std::string_view text);
/// As people write it: also `YYYY-MM-DD`, for its first second.
std::optional<Time> parse_day_or_time(std::string_view text);

}  // namespace latchkey
