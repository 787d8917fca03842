#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/app/agent_clock.h"
#include "agent/keys/key_bench.h"
#include "agent/peer/link.h"
#include "core/deployment/decision.h"
#include "core/pool/alerts.h"

namespace latchkey {

/// What consumers use, and what is to be said of them.
struct Consumption {
  Usage usage;
  Usage reserved;  ///< as Pool::reserved
  std::vector<LowWater> low;
  std::size_t leases = 0;
  const Error* failure = nullptr;  ///< why the disk takes no leases; null: it does
};

/// Positions of the latest records: another number says that there is something new to ask for.
struct Revisions {
  std::uint64_t records = 0;
  std::uint64_t licenses = 0;  ///< of those that say which licenses are here
};

/// Everything that GET /v1/status shows.
struct StatusView {
  std::string version;
  std::string node;
  std::string node_name;
  std::map<std::string, std::string> names;  ///< node id -> what people call it
  std::string deployment;
  std::string server_address;  ///< where clients come over the network; empty: nowhere
  Decision decision;
  ClockView clock{};
  PeerStatus peer;
  bool reading = false;
  bool emulated_port = false;           ///< the configuration names one (the status must say so)
  std::map<std::string, Time> read_at;  ///< latest reading of each port of this node (SPEC KEY-10)
  std::vector<DeviceWithoutKey> without_key;    ///< of this node
  UpstreamCapacity upstream;                    ///< of a client site
  std::optional<UpstreamTrouble> disconnected;  ///< from it
  Entitlements entitlements;
  Consumption consumption;
  Capacity capacity;
  std::vector<Alert> alerts;
  Revisions revisions;
};

/// `none`, `reachable`, `unreachable`, or `holding` while the peer's last report stays in force
/// (SPEC KEY-12).
std::string_view peer_state(const StatusView& view);
/// Body of GET /v1/status; `time` is the view's (SPEC KEY-10: how old it is).
nlohmann::json status_json(const StatusView& view, const Catalog& catalog);
/// The key part of a status: body of GET /v1/key.
nlohmann::json key_json(const nlohmann::json& status);
/// Body of GET /v1/peer.
nlohmann::json peer_json(const StatusView& view);

}  // namespace latchkey
