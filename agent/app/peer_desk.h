#pragma once

#include "agent/app/agent_clock.h"
#include "agent/app/holder_desk.h"
#include "agent/app/node_log.h"
#include "agent/app/read_settings.h"
#include "agent/identity/identity.h"
#include "agent/peer/host.h"

namespace latchkey {

/// How far apart the two nodes are.
struct PeerLag {
  std::chrono::milliseconds silent{};  ///< since the peer's latest heartbeat
  std::uint64_t they_lack = 0;         ///< facts of ours that they have not confirmed
  std::uint64_t we_lack = 0;           ///< facts that they have and we do not
};

/// What the peer link finds here: the log and the identity.
class PeerDesk final : public PeerHost {
 public:
  /// `changed`: the link or the membership changed. References outlive the desk.
  PeerDesk(NodeLog& log, AgentClock& clock, Identity& identity, ReadSettings& settings,
           std::function<void()> changed);

  ChainHeads heads() const override { return log_.facts().heads(); }
  std::string own_chain() const override;
  Batch facts_after(const ChainHeads& theirs, std::size_t max_facts) const override {
    return log_.facts().facts_after(theirs, max_facts);
  }
  std::string hash_at(const std::string& chain, std::uint64_t seq) const override {
    return log_.facts().hash_at(chain, seq);
  }
  void receive(Batch batch, Done done) override;
  void own_chain_forked(const std::string& chain, std::uint64_t common, Done done) override;
  void foreign_chain_forked(const std::string& chain) override;
  void peer_up(const std::string& peer_node) override;
  void peer_down(const std::string& peer_node) override;
  NodeTimes times() const override { return clock_.times(); }
  void peer_times(const NodeTimes& theirs) override;
  void peer_has(const ChainHeads& theirs) override;
  Membership membership() const override;
  void adopt(Membership membership, Done done) override;
  void paired(const Pairing& pairing) override;

  /// By what was heard last; nothing before anything was, since this agent's start.
  std::optional<PeerLag> lag() const;

  LeaseTalk* leases() override { return leases_; }

  /// Who keeps the leases, and hears of the link.
  void keep_leases(HolderDesk& leases) { leases_ = &leases; }
  void on_peer_has(std::function<void(const ChainHeads&)> call) { peer_has_ = std::move(call); }

 private:
  NodeLog& log_;
  AgentClock& clock_;
  Identity& identity_;
  ReadSettings& settings_;
  std::function<void()> changed_;
  std::function<void(const ChainHeads&)> peer_has_;
  std::optional<std::chrono::steady_clock::time_point> heard_;
  ChainHeads theirs_;
  HolderDesk* leases_ = nullptr;
};

}  // namespace latchkey
