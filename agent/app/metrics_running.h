#pragma once

#include "agent/app/metrics.h"
#include "agent/telemetry/exposition.h"

namespace latchkey {

/// The part of the metrics that is about the program: requests, commits, the process.
void add_running(Exposition& page, const RunningFigures& running);

}  // namespace latchkey
