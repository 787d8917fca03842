#include "agent/app/peer_desk.h"

#include <algorithm>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {

namespace names = log::names;

namespace {

/// How many facts of `ahead` are not in `behind`.
std::uint64_t missing(const ChainHeads& ahead, const ChainHeads& behind) {
  std::uint64_t count = 0;
  for (const auto& [chain, head] : ahead) {
    const auto known = behind.find(chain);
    const auto seq = known == behind.end() ? 0 : known->second.seq;
    count += head.seq - std::min(head.seq, seq);
  }
  return count;
}

}  // namespace

PeerDesk::PeerDesk(NodeLog& log, AgentClock& clock, Identity& identity, ReadSettings& settings,
                   std::function<void()> changed)
    : log_(log),
      clock_(clock),
      identity_(identity),
      settings_(settings),
      changed_(std::move(changed)) {}

std::string PeerDesk::own_chain() const {
  return log_.facts().head(log_.own_chain()).seq == 0 ? std::string() : log_.own_chain();
}

void PeerDesk::receive(Batch batch, Done done) {
  log_.receive(std::move(batch), [done = std::move(done)](Result<void> outcome) {
    if (!outcome)
      log::warning(names::kPeerRefused,
                   {{"code", outcome.error().code}, {"detail", outcome.error().message}});
    done(std::move(outcome));
  });
}

void PeerDesk::own_chain_forked(const std::string& chain, std::uint64_t common, Done done) {
  log::warning(
      names::kHistoryWarning,
      {{"code", "history-restored"}, {"chain", chain}, {"common", std::to_string(common)}});
  log_.own_chain_forked(chain, common, std::move(done));
}

void PeerDesk::foreign_chain_forked(const std::string& chain) {
  log::warning(names::kHistoryWarning, {{"code", "history-forked"}, {"chain", chain}});
  log_.foreign_chain_forked(chain);
}

void PeerDesk::peer_up(const std::string& peer_node) {
  log::info(names::kPeerUp, {{"node", peer_node}});
  log_.witness([](Witness& w, Time now) { w.peer_up(now); });
  leases_->set_linked(true);
}

void PeerDesk::peer_down(const std::string& peer_node) {
  log::warning(names::kPeerDown, {{"node", peer_node}});
  log_.witness([](Witness& w, Time now) { w.peer_down(now); });
  leases_->set_linked(false);
}

void PeerDesk::peer_times(const NodeTimes& theirs) {
  heard_ = std::chrono::steady_clock::now();
  clock_.hear_peer(theirs);
}

void PeerDesk::peer_has(const ChainHeads& theirs) {
  theirs_ = theirs;
  if (peer_has_) peer_has_(theirs);
}

std::optional<PeerLag> PeerDesk::lag() const {
  if (!heard_) return std::nullopt;
  const auto silent =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - *heard_);
  const auto ours = log_.facts().heads();
  return PeerLag{silent, missing(ours, theirs_), missing(theirs_, ours)};
}

Membership PeerDesk::membership() const {
  auto nodes = log_.view().facts().empty() ? std::vector<std::string>{identity_.node_id()}
                                           : log_.decide(log_.view().facts().back().at).nodes;
  const auto pem = identity_.deployment_key().plain_pem();
  return {identity_.deployment_id(), pem.value_or(std::string()), std::move(nodes)};
}

void PeerDesk::adopt(Membership membership, Done done) {
  auto outcome = identity_.adopt_deployment_key(membership.key_pem);
  if (outcome) settings_.set_deployment_key(identity_.deployment_key().public_key());
  done(std::move(outcome));
  changed_();
}

void PeerDesk::paired(const Pairing& pairing) {
  log::info(names::kPeerPaired, {{"node", pairing.node},
                                 {"name", pairing.name},
                                 {"role", pairing.inviter ? "inviter" : "joiner"}});
  if (pairing.inviter)
    log_.witness([&](Witness& w, Time now) { w.peer_joined(now, pairing.node, pairing.replaces); });
  changed_();
}

}  // namespace latchkey
