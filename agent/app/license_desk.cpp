#include "agent/app/license_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/deployment/inserted_keys.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
namespace names = log::names;

Error not_durable() {
  return {"store-failed",
          "The license was accepted, but the disk has not taken it yet; the agent keeps trying.",
          "See `latchkey status` and the agent's log; `latchkey license list` shows the license "
          "once it is safe."};
}

}  // namespace

LicenseDesk::LicenseDesk(Parts parts, std::string self, KeyWriter write, InstallPatience patience)
    : parts_(std::move(parts)),
      self_(std::move(self)),
      patience_(patience),
      writer_(self_, parts_.log, parts_.keys, std::move(write), [this] { answer_ready(); }) {}

void LicenseDesk::install(const net::Caller& caller, const std::string& envelope, JsonDone done) {
  const Time now = parts_.clock.now();
  const auto decision = parts_.log.decide(now);
  const auto trust = parts_.settings->get().first;
  const auto keys = inserted_keys(decision);
  auto license = check_import(as_bytes(envelope), {*trust, parts_.catalog, keys, decision.at});
  if (!license) {
    const auto& error = license.error();
    log::warning(names::kLicenseRefused,
                 {{"code", error.code}, {"detail", error.message}, {"by", caller.name}});
    return done(tl::make_unexpected(error));
  }
  auto key_id = std::get<KeyBinding>(license->document.binding).key_id;
  const auto bytes = as_bytes(envelope);
  parts_.log.witness(
      [&](Witness& w, Time at) {
        w.license_imported(
            at, {key_id, summarise(license->document, license->hash), caller.name, "file"});
      },
      {Document{license->hash, Bytes(bytes.begin(), bytes.end())}});
  wait(std::move(*license), std::move(key_id), std::move(done));
}

void LicenseDesk::wait(VerifiedLicense license, std::string key_id, JsonDone done) {
  waiting_.push_back({std::move(license), std::move(key_id), std::move(done),
                      parts_.reactor.alarm(), std::nullopt});
  const auto place = std::prev(waiting_.end());
  place->alarm->set(patience_.durable, [this, place] { give_up(place); });
  // The place may be gone by then: found again by what it waits for.
  parts_.log.when_durable([this, hash = place->license.hash] {
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it)
      if (!it->head && it->license.hash == hash) return durable(it);
  });
}

void LicenseDesk::durable(Place waiting) {
  log::info(names::kLicenseInstalled, {{"id", waiting->license.document.id},
                                       {"key", waiting->key_id},
                                       {"document", waiting->license.hash}});
  waiting->head = parts_.log.facts().head(parts_.log.own_chain());
  waiting->alarm->set(patience_.spread, [this, waiting] { give_up(waiting); });
  answer_ready();
}

void LicenseDesk::give_up(Place waiting) {
  waiting->late = true;
  answer_ready();
}

/// A license on a key is judged again at each reading; what the agents keep is judged here, once by
/// each trust bundle (SPEC SEC-5). A signer that is merely unknown may be a bundle that is behind.
void LicenseDesk::withdraw_revoked(const Decision& decision) {
  const auto trust = parts_.settings->get().first;
  if (std::exchange(checked_with_, trust) != trust) checked_.clear();
  for (const auto& kept : decision.kept) {
    const auto* envelope = parts_.log.facts().document(kept.license.document);
    if (envelope == nullptr || !checked_.insert(kept.license.document).second) continue;
    const auto verdict = trust->verify_license(*envelope);
    if (verdict || verdict.error().code != "revoked") continue;
    log::warning(names::kLicenseWithdrawn,
                 {{"id", kept.license.id}, {"key", kept.key_id}, {"code", verdict.error().code}});
    parts_.log.witness([&](Witness& w, Time now) {
      w.license_withdrawn(
          now, {kept.key_id, kept.license.document, kept.license.id, verdict.error().code});
    });
  }
}

void LicenseDesk::published(const Decision& decision) {
  withdraw_revoked(decision);
  writer_.write_missing(decision);
  answer_ready();
}

void LicenseDesk::peer_has(const ChainHeads& theirs) {
  theirs_ = theirs;
  answer_ready();
}

void LicenseDesk::answer_ready() {
  if (waiting_.empty()) return;
  const auto decision = parts_.log.decide(parts_.clock.now());
  std::list<Waiting> ready;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto here = it++;
    const bool done = here->head && settled(*here, decision);
    if (done || here->late) ready.splice(ready.end(), waiting_, here);
  }
  for (auto& waiting : ready) {
    if (waiting.head)
      waiting.done(outcome(waiting, decision));
    else
      waiting.done(tl::make_unexpected(not_durable()));
  }
}

bool LicenseDesk::peer_has(const Waiting& waiting) const {
  const auto known = theirs_.find(parts_.log.own_chain());
  return waiting.head && known != theirs_.end() && known->second.seq >= waiting.head->seq;
}

/// A peer that cannot be reached is not waited for.
bool LicenseDesk::settled(const Waiting& waiting, const Decision& decision) const {
  const bool linked = parts_.link.status().link == LinkState::up;
  if (linked && !peer_has(waiting)) return false;
  const auto storage =
      key_storage(decision, waiting.key_id, waiting.license.hash, self_, writer_, parts_.names());
  return storage.settled() || (!linked && storage.node != self_);
}

Json LicenseDesk::nodes(const Waiting& waiting, const Decision& decision) const {
  Json nodes = Json::array();
  const auto names = parts_.names();
  for (const auto& node : decision.nodes)
    nodes.push_back({{"id", node},
                     {"name", name_of(node, names)},
                     {"has", node == self_ || peer_has(waiting)}});
  return nodes;
}

Json LicenseDesk::outcome(const Waiting& waiting, const Decision& decision) const {
  const auto& document = waiting.license.document;
  const auto& hash = waiting.license.hash;
  const auto names = parts_.names();
  const auto storage = key_storage(decision, waiting.key_id, hash, self_, writer_, names);
  const bool used = std::ranges::any_of(decision.keys, [&](const PluggedKey& key) {
    return key.holding.license && key.holding.license->document == hash;
  });
  const Json result{{"document", hash},
                    {"id", document.id},
                    {"key", waiting.key_id},
                    {"customer", document.customer},
                    {"issued", format_time(document.issued)},
                    {"result", "installed"},
                    {"used", used},
                    {"key_storage",
                     {{"state", storage.state},
                      {"node", storage.node},
                      {"node_name", name_of(storage.node, names)},
                      {"message", storage.message}}},
                    {"entries", entries_json(document, parts_.catalog, decision.at)}};
  return {{"succeeded", document.entries.size()},
          {"failed", 0},
          {"documents", Json::array({result})},
          {"nodes", nodes(waiting, decision)}};
}

Json LicenseDesk::list() const {
  return licenses_json(parts_.log.decide(parts_.clock.now()), parts_.log.facts(), parts_.catalog,
                       parts_.names());
}

}  // namespace latchkey
