#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/deployment/decision.h"
#include "core/deployment/fact.h"

namespace latchkey {

struct FoldConfig {
  std::string
      self;  ///< the node whose view is computed (SPEC KEY-12); empty: nobody's in particular
  Duration settle = std::chrono::seconds(3);  ///< SPEC KEY-11
};

/// SPEC KEY-4
inline constexpr std::string_view kNeverInserted = "never-inserted";

/// What the fold says at an instant at which keys or licenses changed. Refers into the fold.
struct FoldStep {
  Time at;
  const Fact* cause;  ///< the last fact of the instant
  KeyState state;
  std::string_view reason;  ///< as Decision::reason
  std::string_view key_id;  ///< in use
  const Buffer* buffer;     ///< null: none
};
using WatchFold = std::function<void(const FoldStep&)>;

/// The heart: a pure function of the facts of all nodes, with repaired dates
/// (with_repaired_dates()). Facts in any order, duplicates allowed.
/// `watch` sees each instant on the way, in order of time.
Decision fold(std::span<const Fact> facts, const FoldConfig& config, Time now,
              const WatchFold& watch = {});

/// As fold(), for any number of instants: facts are folded once. They must outlive it, unchanged.
using DecideAt = std::function<Decision(Time now)>;
DecideAt folded(std::span<const Fact> facts, const FoldConfig& config);

}  // namespace latchkey
