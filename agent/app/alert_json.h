#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/pool/alerts.h"

namespace latchkey {

nlohmann::json alerts_json(std::span<const Alert> alerts);

/// One line for each alert that is new, and one for each that is over (SPEC ALERT-2).
void log_alerts(std::span<const Alert> before, std::span<const Alert> now);

}  // namespace latchkey
