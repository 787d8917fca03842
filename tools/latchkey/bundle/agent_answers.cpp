#include "tools/latchkey/bundle/agent_answers.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/net/api_client.h"
#include "tools/latchkey/bundle/pick.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;
using std::string_view_literals::operator""sv;

// What may be told of each answer (docs/api.yaml). A member that is not here, such as one of a
// newer agent, stays out until somebody has judged it. Left out on purpose: whom a license was sold
// to, the names of accounts, and a record's whole fact.
constexpr std::array kStatus = {"version"sv,
                                "time"sv,
                                "node.id"sv,
                                "node.name"sv,
                                "deployment.id"sv,
                                "deployment.nodes.id"sv,
                                "deployment.nodes.name"sv,
                                "deployment.nodes.self"sv,
                                "deployment.nodes.link"sv,
                                "peer"sv,
                                "state"sv,
                                "reason"sv,
                                "message"sv,
                                "cure"sv,
                                "reading"sv,
                                "read_at"sv,
                                "key"sv,
                                "usable"sv,
                                "license.id"sv,
                                "license.document"sv,
                                "license.issued"sv,
                                "license.entries_until"sv,
                                "buffer.key"sv,
                                "buffer.since"sv,
                                "buffer.until"sv,
                                "buffer.entries_until"sv,
                                "buffer.running"sv,
                                "if_removed_now.until"sv,
                                "keys.node"sv,
                                "keys.port"sv,
                                "keys.driver"sv,
                                "keys.emulated"sv,
                                "keys.key"sv,
                                "keys.works"sv,
                                "keys.license_stored"sv,
                                "keys.reason"sv,
                                "keys.message"sv,
                                "keys.cure"sv,
                                "keys.detail"sv,
                                "keys.since"sv,
                                "keys.read_at"sv,
                                "devices_without_key.port"sv,
                                "devices_without_key.device"sv,
                                "devices_without_key.driver"sv,
                                "devices_without_key.detail"sv,
                                "emulated_port"sv,
                                "server.state"sv,
                                "server.address"sv,
                                "clock.state"sv,
                                "clock.license_time"sv,
                                "clock.wall_time"sv,
                                "clock.anomalies.code"sv,
                                "clock.anomalies.since"sv,
                                "clock.anomalies.text"sv,
                                "clock.anomalies.cure"sv,
                                "over_quota"sv};
constexpr std::array kAlerts = {"time"sv,         "alerts.id"sv,    "alerts.severity"sv,
                                "alerts.since"sv, "alerts.until"sv, "alerts.text"sv,
                                "alerts.cure"sv};
constexpr std::array kPools = {"time"sv,
                               "usable"sv,
                               "over_quota"sv,
                               "pools.object"sv,
                               "pools.unit"sv,
                               "pools.kind"sv,
                               "pools.total"sv,
                               "pools.used"sv,
                               "pools.available"sv,
                               "pools.drawn"sv,
                               "pools.draws_on"sv,
                               "pools.lent"sv,
                               "pools.reserved"sv,
                               "pools.tolerance"sv,
                               "pools.over"sv,
                               "pools.expiring_soon"sv,
                               "pools.not_yet_valid"sv,
                               "pools.expired"sv,
                               "pools.next_end"sv,
                               "pools.status"sv,
                               "entries.license"sv,
                               "entries.document"sv,
                               "entries.source"sv,
                               "entries.key"sv,
                               "entries.issued"sv,
                               "entries.not_before"sv,
                               "entries.not_after"sv,
                               "entries.ends"sv,
                               "entries.object"sv,
                               "entries.unit"sv,
                               "entries.quantity"sv,
                               "entries.kind"sv,
                               "entries.status"sv,
                               "entries.counts"sv,
                               "entries.why"sv,
                               "entries.detail"sv};
constexpr std::array kLicenses = {"time"sv,
                                  "licenses.id"sv,
                                  "licenses.document"sv,
                                  "licenses.key"sv,
                                  "licenses.issued"sv,
                                  "licenses.entries_until"sv,
                                  "licenses.stored"sv,
                                  "licenses.status"sv,
                                  "licenses.used"sv,
                                  "licenses.superseded_by"sv,
                                  "licenses.environment.fits"sv,
                                  "licenses.environment.misfit"sv,
                                  "licenses.installed.at"sv,
                                  "licenses.installed.by"sv,
                                  "licenses.installed.method"sv,
                                  "licenses.installed.batch"sv,
                                  "licenses.installed.node"sv,
                                  "licenses.installed.node_name"sv,
                                  "licenses.entries.object"sv,
                                  "licenses.entries.unit"sv,
                                  "licenses.entries.quantity"sv,
                                  "licenses.entries.kind"sv,
                                  "licenses.entries.not_before"sv,
                                  "licenses.entries.not_after"sv,
                                  "licenses.entries.status"sv,
                                  "licenses.entries.known"sv};
constexpr std::array kTrust = {"version"sv,
                               "issued"sv,
                               "document"sv,
                               "threshold"sv,
                               "roots.fingerprint"sv,
                               "roots.algorithm"sv,
                               "origin.from"sv,
                               "origin.file"sv,
                               "issuers.name"sv,
                               "issuers.fingerprint"sv,
                               "issuers.algorithm"sv,
                               "issuers.scopes"sv,
                               "issuers.not_before"sv,
                               "issuers.not_after"sv,
                               "issuers.status"sv,
                               "revoked.issuers"sv,
                               "revoked.licenses"sv,
                               "revoked.key_ids"sv};
constexpr std::array kPeer = {"peer"sv,
                              "link"sv,
                              "node"sv,
                              "name"sv,
                              "address"sv,
                              "pin"sv,
                              "listening"sv,
                              "invitation_expires"sv,
                              "last_error.code"sv,
                              "last_error.message"sv,
                              "last_error.cure"sv};
constexpr std::array kServer = {"listening"sv, "version"sv, "names"sv, "own_certificate"sv,
                                "pin"sv};
constexpr std::array kHolder = {"state"sv,  "epoch"sv,        "node"sv,        "name"sv,
                                "leases"sv, "recovering_s"sv, "vip.address"sv, "vip.here"sv};
constexpr std::array kIdentities = {
    "identities.id"sv,    "identities.role"sv,       "identities.name"sv,  "identities.enrolled"sv,
    "identities.state"sv, "identities.revoked_by"sv, "identities.reason"sv};
constexpr std::array kTokens = {"tokens.id"sv,      "tokens.role"sv,  "tokens.name"sv,
                                "tokens.expires"sv, "tokens.state"sv, "tokens.identity"sv};
constexpr std::array kAccounts = {"accounts.role"sv};
constexpr std::array kConsumers = {"next"sv,
                                   "consumers.consumer"sv,
                                   "consumers.owner"sv,
                                   "consumers.ttl_s"sv,
                                   "consumers.since"sv,
                                   "consumers.expires"sv,
                                   "consumers.version"sv,
                                   "consumers.epoch"sv,
                                   "consumers.usage.object"sv,
                                   "consumers.usage.unit"sv,
                                   "consumers.usage.quantity"sv};
constexpr std::array kUpstream = {
    "state"sv,        "servers"sv,      "identity"sv,        "draws_here"sv,
    "since"sv,        "good_until"sv,   "deployment"sv,      "chain"sv,
    "pools.object"sv, "pools.unit"sv,   "pools.kind"sv,      "pools.held"sv,
    "pools.until"sv,  "problem.code"sv, "problem.message"sv, "problem.cure"sv};
constexpr std::array kRecords = {"next"sv,
                                 "records.position"sv,
                                 "records.at"sv,
                                 "records.node"sv,
                                 "records.node_name"sv,
                                 "records.chain"sv,
                                 "records.seq"sv,
                                 "records.hash"sv,
                                 "records.kind"sv,
                                 "records.derived"sv,
                                 "records.by"sv,
                                 "records.from"sv,
                                 "records.result"sv,
                                 "records.text"sv};
constexpr std::array kVerification = {"facts"sv,        "chains.chain"sv,
                                      "chains.node"sv,  "chains.node_name"sv,
                                      "chains.facts"sv, "lease_rows"sv};

struct Route {
  const char* file;
  const char* target;
  const char* says;
  Allowed allowed;
};
const std::array kRoutes = {
    Route{"status.json", "/v1/status", "state of key, license, buffer, nodes and clock", kStatus},
    Route{"alerts.json", "/v1/alerts", "what the agent warns of", kAlerts},
    Route{"pools.json", "/v1/pools", "what is licensed, used and left, and what does not count",
          kPools},
    Route{"licenses.json", "/v1/licenses", "every license, without the customer's name", kLicenses},
    Route{"trust.json", "/v1/trust", "whose licenses are believed", kTrust},
    Route{"peer.json", "/v1/peer", "the link between the nodes", kPeer},
    Route{"server.json", "/v1/server", "where the agent listens on the network", kServer},
    Route{"holder.json", "/v1/server/holder", "which node keeps the leases", kHolder},
    Route{"identities.json", "/v1/server/identities", "who was enrolled", kIdentities},
    Route{"tokens.json", "/v1/server/tokens", "enrolment tokens, without what they are worth",
          kTokens},
    Route{"accounts.json", "/v1/server/accounts", "the roles of the accounts, without their names",
          kAccounts},
    Route{"consumers.json", "/v1/consumers?limit=1000", "who holds what; at most 1,000",
          kConsumers},
    Route{"upstream.json", "/v1/upstream", "the license server that this deployment draws from",
          kUpstream},
    Route{"records.json", "/v1/records?limit=1000", "the last 1,000 records, newest first",
          kRecords},
    Route{"verification.json", "/v1/records/verify", "whether every record is there and unaltered",
          kVerification},
};

void note_missing(const Route& route, const Error& error, Bundle& bundle) {
  bundle.note(std::string(route.file) + ": " + error.message + " [" + error.code + "]");
}

void note_left_out(const Route& route, const std::set<std::string>& paths, Bundle& bundle) {
  if (paths.empty()) return;
  std::string text = std::string(route.file) + ": left out";
  for (const auto& path : paths) text += " " + path;
  bundle.note(std::move(text));
}

void add_route(const net::ApiClient& client, const Route& route, Bundle& bundle) {
  const auto answer = client.get(route.target);
  if (!answer) return note_missing(route, answer.error(), bundle);
  std::set<std::string> left_out;
  const auto told = pick(*answer, route.allowed, left_out);
  bundle.add(route.file, route.says,
             told.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  note_left_out(route, left_out, bundle);
}

bool is_own_metric(std::string_view line) {
  for (const std::string_view prefix : {"# HELP ", "# TYPE "})
    if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
  return line.starts_with("latchkey_") || line.starts_with("process_");
}

}  // namespace

std::string own_metrics(const std::string& page) {
  std::istringstream lines(page);
  std::string out;
  for (std::string line; std::getline(lines, line);)
    if (is_own_metric(line)) out += line + "\n";
  return out;
}

void add_agent_answers(const net::ApiClient& client, Bundle& bundle) {
  const auto alive = client.get(kRoutes.front().target);
  if (!alive) {
    bundle.note("everything that the agent would say: " + alive.error().message + " [" +
                alive.error().code + "]");
    return;
  }
  for (const auto& route : kRoutes) add_route(client, route, bundle);
  if (const auto metrics = client.get_text("/metrics"))
    bundle.add("metrics.txt", "figures in Prometheus' format", own_metrics(metrics->text));
  else
    bundle.note("metrics.txt: " + metrics.error().message);
}

}  // namespace latchkey::cli
