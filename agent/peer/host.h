#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/peer/lease_talk.h"
#include "core/base/result.h"
#include "core/deployment/license_clock.h"
#include "core/ports.h"

namespace latchkey {

/// How far a node knows each chain: chain id -> (last seq, hash at that seq). "I have your facts up
/// to n."
struct ChainHead {
  std::uint64_t seq = 0;
  std::string hash;
  bool operator==(const ChainHead&) const = default;
};
using ChainHeads = std::map<std::string, ChainHead>;

/// What makes a node one of its deployment.
struct Membership {
  std::string deployment;          ///< deployment id
  std::string key_pem;             ///< the deployment's private Ed25519 key, PKCS#8 PEM; secret
  std::vector<std::string> nodes;  ///< the members' node ids
};

struct Pairing {
  std::string node;  ///< the other node's id
  std::string name;
  std::string replaces;  ///< the node that was our peer until now and left for good; empty: none
  bool inviter = false;  ///< we invited; else we joined
};

/// What the peer link needs of the node. All calls on the reactor thread. `done` may run at once or
/// later.
class PeerHost {
 public:
  using Done = std::function<void(Result<void>)>;
  virtual ~PeerHost() = default;

  virtual ChainHeads heads() const = 0;
  /// The chain this node writes now; empty before the first fact.
  virtual std::string own_chain() const = 0;
  /// Facts after `theirs`, in chain order, with every document they name; only what is durable
  /// here. At most `max_facts`, but at least one if there is any; the rest is asked for after these
  /// are acknowledged. A head in `theirs` beyond ours means: nothing to send of that chain.
  virtual Batch facts_after(const ChainHeads& theirs, std::size_t max_facts) const = 0;
  /// The hash at (chain, seq), empty when unknown: finds forks (SPEC BUF-10).
  virtual std::string hash_at(const std::string& chain, std::uint64_t seq) const = 0;
  /// Facts from the peer. `done` after they are durable here, or refused (`chain-broken`,
  /// `document-missing`, `peer-clock-ahead`). Facts that are here already are no error.
  virtual void receive(Batch batch, Done done) = 0;

  /// Our own chain is another one at the peer after `common` (its last shared seq): our database
  /// was restored from a backup. In one transaction: write on in a new chain, there repeat our
  /// facts after `common`, drop them from `chain`, add a HistoryWarning `history-restored`. After
  /// `done` the peer's facts follow through receive().
  virtual void own_chain_forked(const std::string& chain, std::uint64_t common, Done done) = 0;
  /// A chain that neither side writes differs: both keep theirs. HistoryWarning `history-forked`,
  /// once a chain.
  virtual void foreign_chain_forked(const std::string& chain) = 0;

  /// Up: both sides have each other's facts. Down: the link broke or a heartbeat stayed out.
  virtual void peer_up(const std::string& peer_node) = 0;
  virtual void peer_down(const std::string& peer_node) = 0;

  /// This node's time, for the peer; and what the peer says of its own, every heartbeat (SPEC
  /// TIME-1).
  virtual NodeTimes times() const = 0;
  virtual void peer_times(const NodeTimes& theirs) = 0;

  /// What the peer says that it has, durably; at its greeting and whenever that changed.
  virtual void peer_has(const ChainHeads& theirs) = 0;

  /// Null: this node keeps no leases.
  virtual LeaseTalk* leases() { return nullptr; }

  /// What an inviter hands to the node that joins, over the proven link.
  virtual Membership membership() const = 0;
  /// We join: take over the deployment's id and key. `done` after that is durable.
  virtual void adopt(Membership membership, Done done) = 0;
  /// Both pins are durable.
  virtual void paired(const Pairing& pairing) = 0;
};

}  // namespace latchkey
