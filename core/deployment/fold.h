#pragma once

#include <span>
#include <string>

#include "core/deployment/decision.h"
#include "core/deployment/fact.h"

namespace latchkey {

struct FoldConfig {
  std::string
      self;  ///< the node whose view is computed (SPEC KEY-12); empty: nobody's in particular
  Duration settle = std::chrono::seconds(3);  ///< SPEC KEY-11
};

/// The heart: a pure function of the facts of all nodes. Facts in any order, duplicates allowed.
Decision fold(std::span<const Fact> facts, const FoldConfig& config, Time now);

}  // namespace latchkey
