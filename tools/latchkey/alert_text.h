#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/latchkey/style.h"

namespace latchkey::cli {

/// `warning  license-expiring:kvm  A license for … (in 12 days 3 h, 2026-05-01 00:00 UTC)`; counts
/// down from `now`, RFC 3339.
std::string alert_text(const nlohmann::json& alert, const std::string& now, const Style& style);

}  // namespace latchkey::cli
