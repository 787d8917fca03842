#pragma once

#include <string>

#include "agent/app/status.h"

namespace latchkey {

/// Prometheus text exposition format 0.0.4 (SPEC ALERT-2); spans run from `now`, license time.
std::string metrics_text(const StatusView& view, Time now);

}  // namespace latchkey
