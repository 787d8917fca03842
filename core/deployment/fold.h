#pragma once

#include <span>

#include "core/deployment/decision.h"
#include "core/deployment/fact.h"

namespace latchkey {

/// The heart: a pure function. Facts in any order, duplicates allowed; facts after `now` are
/// ignored.
Decision fold(std::span<const Fact> facts, const FoldConfig& config, Time now);

}  // namespace latchkey
