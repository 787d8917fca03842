#pragma once

#include <unordered_set>
#include <utility>

#include "agent/app/license_documents.h"
#include "core/license/trust_chain.h"
#include "tests/simulation/virtual_node.h"

// What a VirtualNode is while it runs; for its own files only.
namespace latchkey::simulation {

/// What the agent's PeerDesk is, without an identity on a disk.
class VirtualNode::Host final : public PeerHost {
 public:
  Host(NodeLog& log, AgentClock& clock) : log_(log), clock_(clock) {}

  ChainHeads heads() const override { return log_.facts().heads(); }
  std::string own_chain() const override {
    return log_.facts().head(log_.own_chain()).seq == 0 ? std::string() : log_.own_chain();
  }
  Batch facts_after(const ChainHeads& theirs, std::size_t max_facts) const override {
    return log_.facts().facts_after(theirs, max_facts);
  }
  std::string hash_at(const std::string& chain, std::uint64_t seq) const override {
    return log_.facts().hash_at(chain, seq);
  }
  void receive(Batch batch, Done done) override { log_.receive(std::move(batch), std::move(done)); }
  void own_chain_forked(const std::string& chain, std::uint64_t common, Done done) override {
    log_.own_chain_forked(chain, common, std::move(done));
  }
  void foreign_chain_forked(const std::string& chain) override { log_.foreign_chain_forked(chain); }
  void peer_up(const std::string&) override {
    log_.witness([](Witness& w, Time now) { w.peer_up(now); });
  }
  void peer_down(const std::string&) override {
    log_.witness([](Witness& w, Time now) { w.peer_down(now); });
  }
  void peer_has(const ChainHeads&) override {}
  NodeTimes times() const override { return clock_.times(); }
  void peer_times(const NodeTimes& theirs) override { clock_.hear_peer(theirs); }
  Membership membership() const override { return {}; }
  void adopt(Membership, Done done) override { done({}); }
  void paired(const Pairing&) override {}

 private:
  NodeLog& log_;
  AgentClock& clock_;
};

/// From a start to the next stop.
struct VirtualNode::Life {
  Life(VirtualNode& node, Time now)
      : reactor(now),
        clock(node.disk.contents(), [&node] { return node.read_clocks(); }),
        log(
            reactor, clock, node.disk, [&node](auto out) { return node.fill(out); },
            {node.id_, kSettle, kPeerHold}, node.disk.contents(), [&node] { node.changed(); }),
        host(log, clock),
        trust(node.vendor_.roots()) {
    if (node.vendor_.signs()) (void)trust.offer(node.vendor_.bundle());
  }

  VirtualReactor reactor;
  AgentClock clock;
  NodeLog log;
  Host host;
  std::string peer;
  std::shared_ptr<peer::Replicator> session;
  std::size_t pushed = 0;
  TrustChain trust;
  std::size_t looked_at = 0;               ///< facts that `trust` has seen
  std::unordered_set<std::string> judged;  ///< documents, by `trust` as it is
  LicenseDocuments documents;
};

}  // namespace latchkey::simulation
