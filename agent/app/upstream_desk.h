#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/api/site_backend.h"
#include "agent/app/lease_desk.h"
#include "agent/app/site_consumers.h"
#include "agent/app/upstream_line.h"
#include "core/site/block_plan.h"
#include "core/site/upstream.h"

namespace latchkey {

/// This deployment as a client site (SPEC SRV-3): holds blocks of its upstream's capacity, as much
/// as its own consumers need, and says again every few seconds what it holds. What it may count as
/// its own are facts; they are durable before consumers get any of it, and before any of it goes
/// back. Reactor thread only.
class UpstreamDesk final : public UpstreamBackend {
 public:
  /// All of it outlives the desk.
  struct Parts {
    Reactor& reactor;
    const Clock& clock;
    NodeLog& log;
    LeaseDesk& leases;
    const Identity& identity;
    UpstreamLine::Ask ask;
    std::function<std::uint32_t()> boot_seconds;
    FillRandom random;
    BlockRules rules;
    std::function<bool()> draws;  ///< of the nodes of this deployment, this one speaks for it
  };
  explicit UpstreamDesk(Parts parts);

  Consumers& consumers() { return consumers_; }
  const UpstreamState& state() const { return state_; }
  /// For the snapshot.
  const UpstreamCapacity& capacity() const { return capacity_; }
  std::optional<UpstreamTrouble> trouble() const;

  /// Takes in what became durable, before it is published and before when_durable() calls.
  void look();
  /// The published state or the leases have changed: there may be something to ask for.
  void published();
  void stop();

  nlohmann::json upstream() const override;
  void connect(const net::Caller& caller, UpstreamOrder order, JsonDone done) override;
  void disconnect(const net::Caller& caller, JsonDone done) override;

 private:
  /// A connection in the making.
  struct Joining {
    UpstreamConnected connected;
    std::string key_pem;
    JsonDone done;
  };
  using Outcome = tl::expected<std::string, UpstreamRefusal>;

  // upstream_desk.cpp: the course of drawing
  bool can_draw() const;
  void step();
  void nudge();
  void wait();
  void rest(std::chrono::milliseconds time);
  void ask(Quantities usage);
  void answered(Quantities usage, std::uint32_t sent, const Outcome& outcome);
  void granted(Quantities usage, std::uint32_t sent, const SiteGrant& grant,
               const std::string& sealed);
  void refused(const Quantities& usage, const UpstreamRefusal& refusal);
  void shrink(const UpstreamRefusal& refusal);
  void failed(const UpstreamRefusal& refusal);
  void tell(UpstreamFact fact);
  Quantities target();
  PoolNeeds needs();
  std::uint32_t left() const;
  std::uint32_t interval() const;
  std::uint32_t now() const { return parts_.boot_seconds(); }
  double chance() const;

  // upstream_desk_admin.cpp: connecting and disconnecting
  std::string nonce() const;
  net::HttpsRequest draw_request(const Quantities& usage, const std::string& nonce) const;
  net::HttpsCard card_for(const UpstreamConnected& upstream) const;
  void use_line();
  void enrolled(const std::string& body);
  void join();
  void joined(const std::string& nonce, std::uint32_t sent, const Outcome& outcome);
  void join_failed(const Error& error);
  Result<void> take_enrolment(const std::string& body);

  Parts parts_;
  SiteConsumers consumers_;
  UpstreamLine line_, joining_line_, farewell_;
  BlockPlan plan_;
  UpstreamState state_;
  UpstreamCapacity capacity_;
  std::uint64_t seen_ = 0;  ///< position of the newest fact that was looked at
  std::unique_ptr<Joining> joining_;

  bool asking_ = false;   ///< a request is under way
  bool telling_ = false;  ///< a fact is on its way to the disk
  bool resting_ = false;  ///< after a failure
  bool nudged_ = false;
  std::unique_ptr<Alarm> wake_, nudge_;
  std::string nonce_;
  std::string token_;                 ///< of the lease there
  std::optional<Quantities> stated_;  ///< what the upstream knows; none: not known
  std::uint32_t next_ask_ = 0;        ///< second; what is held is said again then
  /// Second at which the last answered request left, and the grace of that answer.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> answered_;
  unsigned failures_ = 0;
  std::optional<Error> problem_;  ///< of the last request
};

}  // namespace latchkey
