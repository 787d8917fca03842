#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/app/node_log.h"
#include "agent/app/records.h"
#include "agent/peer/link.h"

namespace latchkey {

/// How long an answer waits: nobody is left without one.
struct Patience {
  std::chrono::milliseconds durable{10'000};
  std::chrono::milliseconds spread{5'000};  ///< then for the other node and the key
};

/// Holds back the answer to a change until it is durable here, and then a little until the other
/// node has it (SPEC LIC-10). Reactor thread only.
class Acknowledger {
 public:
  struct Outcome {
    bool durable = false;  ///< false: the disk has not taken it yet; nothing else is known then
    bool peer_has = false;
    const Decision* decision = nullptr;  ///< of now; only while the answer is made
  };
  /// Whether there is nothing else to wait for; `linked`: the other node is in reach.
  using Settled = std::function<bool(const Decision& decision, bool linked)>;
  using Ready = std::function<void(const Outcome& outcome)>;

  /// `self`: this node's id. References outlive it.
  Acknowledger(Reactor& reactor, const Clock& clock, NodeLog& log, const PeerLink& link,
               std::string self, Patience patience);

  /// For what was witnessed just now. `durable` runs when it is that; `ready` runs once, in any
  /// case.
  void wait(Settled settled, std::function<void()> durable, Ready ready);
  void peer_has(const ChainHeads& theirs);
  /// Something may have changed: answers who need not wait any more.
  void look();

  /// `store-failed`: the answer to an outcome that is not durable. `change`: "the deletion".
  static tl::unexpected<Error> not_durable(const std::string& change);
  /// Every member, and whether it has the change (SPEC LIC-10).
  nlohmann::json nodes(const Outcome& outcome, const NodeNames& names) const;

 private:
  struct Waiting {
    Settled settled;
    std::function<void()> durable;
    Ready ready;
    std::unique_ptr<Alarm> alarm;
    std::optional<ChainHead> head;  ///< of the own chain once durable: what the peer must have
    bool late = false;              ///< answers with what is known
  };
  using Place = std::list<Waiting>::iterator;

  void give_up(Place waiting);
  bool peer_has(const Waiting& waiting) const;
  bool is_ready(const Waiting& waiting, const Decision& decision) const;

  Reactor& reactor_;
  const Clock& clock_;
  NodeLog& log_;
  const PeerLink& link_;
  const std::string self_;
  const Patience patience_;
  ChainHeads theirs_;
  std::list<Waiting> waiting_;
};

}  // namespace latchkey
