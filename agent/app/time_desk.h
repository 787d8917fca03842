#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/api/backend.h"
#include "agent/app/acknowledger.h"
#include "agent/app/agent_clock.h"
#include "agent/app/read_settings.h"
#include "agent/identity/identity.h"
#include "core/deployment/repair_plan.h"

namespace latchkey {

/// Uses the vendor's time repairs (SPEC TIME-2). Reactor thread only.
class TimeDesk {
 public:
  using JsonDone = Backend::JsonDone;
  struct Parts {
    Reactor& reactor;
    AgentClock& clock;
    NodeLog& log;
    FactStore& store;
    const PeerLink& link;
    const Identity& identity;
    const ReadSettings& settings;
    std::function<NodeNames()> names;
    std::function<void()> repaired;  ///< license time was taken back: keys are to be read again
  };
  /// References outlive the desk.
  explicit TimeDesk(Parts parts, Patience patience = {});

  /// One envelope; answers when license time is right and that is durable here. Errors:
  /// TrustStore::verify_time_repair()'s and use()'s. A refusal becomes a record (SPEC REC-1).
  void install(const net::Caller& caller, const std::string& envelope, JsonDone done);
  /// A repair that verified, with its envelope. Errors: `wrong-environment`, plan_repair()'s,
  /// `store-failed`.
  void use(const TimeRepair& repair, Document document, const std::string& by, JsonDone done);
  /// Takes over a repair that came from the peer, if this node is as wrong as the peer was. Now and
  /// then: the peer's time and its facts come one by one, and somebody has to correct the clock.
  void look();
  /// As NodeLog::Config::check_repair.
  Result<void> check(const TimeRepaired& repaired, ByteView document,
                     const std::vector<ByteView>& bundles) const;

  void published() { acknowledger_.look(); }
  void peer_has(const ChainHeads& theirs) { acknowledger_.peer_has(theirs); }

 private:
  Result<RepairPlan> plan(const TimeRepair& repair) const;
  void apply(const TimeRepair& repair, Document document, const std::string& by, JsonDone done);
  void acknowledge(const std::string& id, JsonDone done);

  Parts parts_;
  Acknowledger acknowledger_;
};

}  // namespace latchkey
