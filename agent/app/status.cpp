#include "agent/app/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/app/alert_json.h"
#include "agent/app/pool_json.h"
#include "core/usbkey/explain.h"
#include "drivers/usb/emulated_port_monitor.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

std::string name_of(const StatusView& view, const std::string& node) {
  if (node == view.node) return view.node_name;
  return node == view.peer.node ? view.peer.name : std::string();
}

std::string link_of(const StatusView& view, const std::string& node) {
  if (node == view.node) return "self";
  return node == view.peer.node ? std::string(to_string(view.peer.link)) : "unpaired";
}

Json deployment_json(const StatusView& view) {
  auto members = view.decision.nodes;
  if (std::find(members.begin(), members.end(), view.node) == members.end())
    members.push_back(view.node);
  Json nodes = Json::array();
  for (const auto& node : members)
    nodes.push_back({{"id", node},
                     {"name", name_of(view, node)},
                     {"self", node == view.node},
                     {"link", link_of(view, node)}});
  return {{"id", view.deployment}, {"nodes", std::move(nodes)}};
}

Json license_json(const Decision& decision) {
  if (!decision.license) return nullptr;
  return {{"id", decision.license->id},
          {"document", decision.license->document},
          {"issued", format_time(decision.license->issued)},
          {"entries_until", format_time(entries_until(*decision.license))}};
}

Json buffer_json(const Decision& decision) {
  if (!decision.buffer) return nullptr;
  const auto& buffer = *decision.buffer;
  return {{"key", buffer.key_id},
          {"since", format_time(buffer.since)},
          {"until", format_time(buffer.until)},
          {"entries_until", format_time(entries_until(buffer.license, buffer.until))},
          {"running", decision.usable}};
}

Json forecast_json(const Decision& decision) {
  if (!decision.if_removed) return nullptr;
  return {{"until", format_time(decision.if_removed->until(decision.at))}};
}

Time read_at(const StatusView& view, const PluggedKey& key) {
  const auto known = view.read_at.find(key.port);
  if (key.node != view.node || known == view.read_at.end()) return key.read_at;
  return std::max(known->second, key.read_at);
}

/// SPEC LIC-8; empty for a key that does not work.
std::string_view stored(const LicenseHolding& holding) {
  if (holding.on_key) return holding.kept ? "both" : "key";
  return holding.kept ? "agents" : "";
}

Json plugged_json(const StatusView& view, const PluggedKey& key) {
  Json out{{"node", key.node},
           {"port", key.port},
           {"driver", key.driver},
           {"emulated", EmulatedPortMonitor::names(key.port)},
           {"key", key.reading.key_id},
           {"works", key.holding.license.has_value()},
           {"license_stored", stored(key.holding)},
           {"reason", ""},
           {"message", ""},
           {"cure", ""},
           {"detail", key.reading.detail},
           {"since", format_time(key.since)},
           {"read_at", format_time(read_at(view, key))}};
  if (key.holding.license || !key.reading.fault) return out;
  out["reason"] = to_string(*key.reading.fault);
  out["message"] = message(*key.reading.fault);
  out["cure"] = cure(*key.reading.fault);
  return out;
}

/// SPEC SRV-5.
Json server_json(const StatusView& view) {
  return {{"state", view.server_address.empty() ? "off" : "listening"},
          {"address", view.server_address}};
}

/// SPEC TIME-2, TIME-3.
Json clock_json(const ClockView& clock) {
  Json anomalies = Json::array();
  for (const auto& anomaly : clock.anomalies)
    anomalies.push_back(
        {{"code", anomaly.code},
         {"since", format_time(std::chrono::floor<std::chrono::seconds>(anomaly.since))},
         {"text", anomaly.text},
         {"cure", anomaly.cure}});
  return {{"state", clock.anomalies.empty() ? "ok" : clock.anomalies.front().code},
          {"license_time", format_time(std::chrono::floor<std::chrono::seconds>(clock.license))},
          {"wall_time", format_time(std::chrono::floor<std::chrono::seconds>(clock.wall))},
          {"anomalies", std::move(anomalies)}};
}

Json without_key_json(const StatusView& view) {
  Json list = Json::array();
  for (const auto& [device, why] : view.without_key)
    list.push_back({{"port", device.port},
                    {"device", device.node},
                    {"driver", device.driver},
                    {"detail", why}});
  return list;
}

/// The latest reading of any key; null before the first.
Json latest_reading(const StatusView& view) {
  std::optional<Time> latest;
  for (const auto& key : view.decision.keys)
    latest = std::max(latest.value_or(Time{}), read_at(view, key));
  return latest ? Json(format_time(*latest)) : Json(nullptr);
}

Json revisions_json(const Revisions& revisions) {
  return {{"records", revisions.records}, {"licenses", revisions.licenses}};
}

/// It lives on file licenses: nobody has to insert anything.
bool misses_no_key(const StatusView& view) {
  return view.decision.reason == "never-inserted" && view.entitlements.usable;
}

}  // namespace

std::string_view peer_state(const StatusView& view) {
  if (view.peer.link == LinkState::unpaired) return "none";
  if (view.peer.link == LinkState::up) return "reachable";
  return view.decision.peer_unreachable ? "unreachable" : "holding";
}

Json status_json(const StatusView& view, const Catalog& catalog) {
  const auto& decision = view.decision;
  const auto explanation = explain(decision.reason);
  Json keys = Json::array();
  for (const auto& key : decision.keys) keys.push_back(plugged_json(view, key));
  return {{"version", view.version},
          {"time", format_time(std::chrono::floor<std::chrono::seconds>(decision.at))},
          {"node", {{"id", view.node}, {"name", view.node_name}}},
          {"deployment", deployment_json(view)},
          {"peer", peer_state(view)},
          {"state", to_string(decision.state)},
          {"reason", decision.reason},
          {"message", explanation.message},
          {"cure", misses_no_key(view) ? "" : explanation.cure},
          {"reading", view.reading},
          {"read_at", latest_reading(view)},
          {"key", decision.key_id},
          {"usable", view.entitlements.usable},
          {"license", license_json(decision)},
          {"buffer", buffer_json(decision)},
          {"if_removed_now", forecast_json(decision)},
          {"keys", std::move(keys)},
          {"devices_without_key", without_key_json(view)},
          {"emulated_port", view.emulated_port},
          {"server", server_json(view)},
          {"clock", clock_json(view.clock)},
          {"over_quota", view.capacity.over_quota},
          {"pools", pools_json(view.capacity, catalog)},
          {"alerts", alerts_json(view.alerts)},
          {"revisions", revisions_json(view.revisions)}};
}

Json key_json(const Json& status) {
  Json key;
  for (const char* name : {"time", "state", "reason", "message", "cure", "reading", "read_at",
                           "key", "usable", "license", "buffer", "if_removed_now", "keys"})
    key[name] = status.at(name);
  return key;
}

Json peer_json(const StatusView& view) {
  const auto& peer = view.peer;
  Json error = nullptr;
  if (peer.last_error)
    error = {{"code", peer.last_error->code},
             {"message", peer.last_error->message},
             {"cure", peer.last_error->cure}};
  return {{"peer", peer_state(view)},
          {"link", to_string(peer.link)},
          {"node", peer.node},
          {"name", peer.name},
          {"address", peer.address},
          {"pin", peer.pin},
          {"listening", peer.listening},
          {"last_error", std::move(error)},
          {"invitation_expires",
           peer.invitation_expires ? Json(format_time(*peer.invitation_expires)) : Json(nullptr)}};
}

}  // namespace latchkey
