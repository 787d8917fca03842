#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/deployment/fold.h"

namespace latchkey {

/// Something that follows from the facts and is none itself (SPEC REC-1): the key state changed, a
/// buffer license began or ended. With hindsight, as the fold has it: a key that came back within
/// the settle time made no change, and a late fact may change what stood here before.
struct Change {
  enum class Kind { state, buffer_started, buffer_ended };
  Kind kind;
  Time at;
  const Fact*
      cause;  ///< the last fact of the instant; of a buffer that ran out, the last one before
  std::string reason;  ///< state: as Decision::reason; end: `over`, `returned`, `replaced`
  std::string key_id;  ///< state: the key in use; else the one that the buffer bridges
  KeyState state{};    ///< state only
  KeyState before{};   ///< state only
  Time until{};        ///< buffer only; not after `at` when it inherits one that is over (BUF-3)
};

/// In order of time. `facts` must outlive the result.
std::vector<Change> changes(std::span<const Fact> facts, const FoldConfig& config, Time now);

}  // namespace latchkey
