#pragma once

#include <optional>
#include <variant>

#include "core/pool/lease_handover.h"
#include "core/pool/lease_holder.h"

namespace latchkey {

/// What the two nodes say to each other to hand leases over.
using LeaseWord = std::variant<LeaseClaim, LeasePart, LeaseAck>;

/// Who keeps a node's leases, as the link sees it (SPEC SRV-4). Reactor thread only.
class LeaseTalk {
 public:
  virtual ~LeaseTalk() = default;
  /// Goes out with every heartbeat.
  virtual LeaseFigures figures() const = 0;
  virtual void hear(const LeaseFigures& theirs) = 0;
  virtual void hear(LeaseWord word) = 0;
};

}  // namespace latchkey
