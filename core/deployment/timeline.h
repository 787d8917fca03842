#pragma once

#include <span>
#include <vector>

#include "core/deployment/fold.h"

namespace latchkey {

/// A fact with the instant at which it takes effect.
struct Event {
  Time at;
  const Fact* fact;
};

struct Timeline {
  std::vector<Event> events;  ///< by time; healed losses are left out
  /// The fact with which `self` lost its peer and has not found it since; null when the peer is
  /// reachable.
  const Fact* open_loss = nullptr;
};

/// Puts facts in their canonical order and settles what only hindsight knows:
/// a key that came back within the settle time was never lost (SPEC KEY-11);
/// a key pulled while its agent was down left when the other node noticed (SPEC KEY-14);
/// of the losses of the peer, only one that still lasts counts (SPEC KEY-12).
Timeline make_timeline(std::span<const Fact> facts, const FoldConfig& config);

}  // namespace latchkey
