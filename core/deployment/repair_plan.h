#pragma once

#include <span>
#include <string>

#include "core/base/result.h"
#include "core/deployment/fact.h"
#include "core/deployment/license_clock.h"
#include "core/license/time_repair.h"

namespace latchkey {

/// What one node knows when a time repair is to be used.
struct RepairScene {
  std::span<const Fact> facts;  ///< as they were written, Witness::recorded()
  std::string node;             ///< this one
  NodeTimes times;              ///< its license time, and its clock, which somebody has corrected
};

struct RepairPlan {
  Time license;           ///< what license time is to become, at least
  TimeRepaired repaired;  ///< without `document` and `by`
};

/// What a verified time repair for this deployment does on this node (SPEC TIME-2): it takes back
/// the jumps of license time beyond the document's time that this node has recorded, and nothing
/// else, so time that the node has run always counts. Errors: `already-imported` (each node uses a
/// document once), `not-needed`, `clock-not-corrected`, `expired`, `issued-before-jump`,
/// `jump-not-recorded`.
Result<RepairPlan> plan_repair(const TimeRepair& document, const RepairScene& scene);

}  // namespace latchkey
