#pragma once

#include <string>
#include <string_view>

#include "core/base/time.h"

namespace latchkey::cli {

/// `29 days 23 h`, `5 h 3 min`, `4 min`, `12 s`; what is smaller is dropped. Not negative.
std::string in_words(Duration span);

/// `2026-02-01 00:00 UTC` from RFC 3339; an unreadable text comes back as it is.
std::string date(std::string_view rfc3339);

/// `in 29 days 23 h, 2026-02-01 00:00 UTC`, or `ended 2026-02-01 00:00 UTC` when that is not after
/// `now`.
std::string countdown(std::string_view until, std::string_view now);

}  // namespace latchkey::cli
