#include <nlohmann/json.hpp>

#include "agent/peer/message.h"

namespace latchkey::peer {
namespace {

using nlohmann::json;

json heads_json(const ChainHeads& heads) {
  json out = json::object();
  for (const auto& [chain, head] : heads) out[chain] = json::array({head.seq, head.hash});
  return out;
}

json with_times(json out, const std::optional<NodeTimes>& times) {
  if (!times) return out;
  out["license_time"] = format_time(times->license);
  out["wall_time"] = format_time(times->wall);
  return out;
}

json body(const Hello& m) {
  return with_times({{"type", "hello"},
                     {"version", m.version},
                     {"node", m.node},
                     {"name", m.name},
                     {"address", m.address},
                     {"chain", m.chain},
                     {"heads", heads_json(m.heads)}},
                    m.times);
}

json body(const Facts& m) {
  json facts = json::array();
  for (const auto& fact : m.batch.facts) facts.push_back(fact.text);
  json documents = json::array();
  for (const auto& document : m.batch.documents) documents.push_back(to_base64(document.envelope));
  return {{"type", "facts"},
          {"number", m.number},
          {"heads", heads_json(m.heads)},
          {"facts", std::move(facts)},
          {"documents", std::move(documents)}};
}

json body(const Ack& m) {
  return {{"type", "ack"}, {"number", m.number}, {"heads", heads_json(m.heads)}};
}

json body(const Synced&) { return {{"type", "synced"}}; }

json quantities_json(const Quantities& quantities) {
  json out = json::array();
  for (const auto& [pool, quantity] : quantities)
    out.push_back(json::array({pool.object, pool.unit, quantity}));
  return out;
}

json body(const Heartbeat& m) {
  auto out = with_times({{"type", "heartbeat"}}, m.times);
  if (!m.leases) return out;
  out["sees_address"] = m.leases->sees_address;
  out["lease_epoch"] = m.leases->epoch;
  if (m.leases->epoch == 0) return out;
  out["longest_ttl"] = m.leases->longest_ttl;
  out["leases"] = m.leases->leases;
  out["used"] = quantities_json(m.leases->used);
  out["reserved"] = quantities_json(m.leases->reserved);
  return out;
}

json body(const LeaseClaim& m) { return {{"type", "lease-claim"}, {"epoch", m.epoch}}; }
json body(const LeasePart& m) {
  return {{"type", "lease-part"},        {"epoch", m.epoch},
          {"number", m.number},          {"last", m.last},
          {"alive", to_base64(m.alive)}, {"unheard", to_base64(m.unheard)}};
}
json body(const LeaseAck& m) {
  return {{"type", "lease-ack"}, {"epoch", m.epoch}, {"number", m.number}};
}

json body(const Locate& m) {
  json points = json::array();
  for (const auto& point : m.points) points.push_back(json::array({point.seq, point.hash}));
  return {{"type", "locate"}, {"chain", m.chain}, {"points", std::move(points)}};
}

json body(const Located& m) { return {{"type", "located"}, {"chain", m.chain}, {"seq", m.seq}}; }

json body(const Refusal& m) {
  return {{"type", "refusal"},
          {"code", m.error.code},
          {"message", m.error.message},
          {"cure", m.error.cure}};
}

json body(const PairRequest& m) {
  return {{"type", "pair-request"}, {"version", m.version}, {"invitation", m.invitation},
          {"node", m.node},         {"name", m.name},       {"address", m.address},
          {"nonce", m.nonce}};
}

json body(const PairChallenge& m) { return {{"type", "pair-challenge"}, {"nonce", m.nonce}}; }
json body(const PairProof& m) { return {{"type", "pair-proof"}, {"proof", m.proof}}; }

json body(const PairGrant& m) {
  return {{"type", "pair-grant"},
          {"proof", m.proof},
          {"node", m.node},
          {"name", m.name},
          {"deployment", m.membership.deployment},
          {"key", m.membership.key_pem},
          {"nodes", m.membership.nodes}};
}

}  // namespace

std::string encode(const Message& message) {
  const json out = std::visit([](const auto& m) { return body(m); }, message);
  // Names may come from a configuration file in any encoding; everything else is ASCII or checked.
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace latchkey::peer
