#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/ports.h"

namespace latchkey {

/// How far a node knows each chain: chain id -> (last seq, hash at that seq). "I have your facts up
/// to n."
struct ChainHead {
  std::uint64_t seq = 0;
  std::string hash;
};
using ChainHeads = std::map<std::string, ChainHead>;

/// What the peer link needs of the node. All calls on the reactor thread.
class PeerHost {
 public:
  virtual ~PeerHost() = default;
  virtual ChainHeads heads() const = 0;
  /// Facts after `theirs`, in chain order, with every document they name; only what is durable
  /// here.
  virtual Batch facts_after(const ChainHeads& theirs) const = 0;
  /// The hash at (chain, seq), empty when unknown: finds forks (SPEC BUF-10).
  virtual std::string hash_at(const std::string& chain, std::uint64_t seq) const = 0;
  /// Facts from the peer. `done` after they are durable here, or refused (`chain-broken`).
  virtual void receive(Batch batch, std::function<void(Result<void>)> done) = 0;
  /// The peer knows more of our own chain than we do, or something else at a seq: our database was
  /// restored.
  virtual void own_chain_forked(const std::string& chain) = 0;
  /// Up: both sides have each other's facts. Down: the link broke or a heartbeat stayed out.
  virtual void peer_up(const std::string& peer_node) = 0;
  virtual void peer_down(const std::string& peer_node) = 0;
  /// Pairing succeeded: we invited (inviter=true) or joined.
  virtual void paired(const std::string& peer_node, const std::string& peer_name, bool inviter) = 0;
};

}  // namespace latchkey
