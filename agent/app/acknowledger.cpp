#include "agent/app/acknowledger.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace latchkey {

Acknowledger::Acknowledger(Reactor& reactor, const Clock& clock, NodeLog& log, const PeerLink& link,
                           std::string self, Patience patience)
    : reactor_(reactor),
      clock_(clock),
      log_(log),
      link_(link),
      self_(std::move(self)),
      patience_(patience) {}

void Acknowledger::wait(Settled settled, std::function<void()> durable, Ready ready) {
  waiting_.push_back(
      {std::move(settled), std::move(durable), std::move(ready), reactor_.alarm(), std::nullopt});
  const auto place = std::prev(waiting_.end());
  place->alarm->set(patience_.durable, [this, place] { give_up(place); });
  // The place may be gone by then: all that wait so far are durable together.
  log_.when_durable([this] {
    const auto head = log_.facts().head(log_.own_chain());
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
      if (it->head) continue;
      it->head = head;
      it->alarm->set(patience_.spread, [this, it] { give_up(it); });
      it->durable();
    }
    look();
  });
}

tl::unexpected<Error> Acknowledger::not_durable(const std::string& change) {
  return fail(
      "store-failed", "The disk has not taken " + change + " yet; the agent keeps trying.",
      "See `latchkey status` and the agent's log; `latchkey record list` shows it once it is "
      "safe.");
}

void Acknowledger::give_up(Place waiting) {
  waiting->late = true;
  look();
}

void Acknowledger::peer_has(const ChainHeads& theirs) {
  theirs_ = theirs;
  look();
}

void Acknowledger::look() {
  if (waiting_.empty()) return;
  const auto decision = log_.decide(clock_.now());
  std::list<Waiting> ready;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto here = it++;
    if (is_ready(*here, decision)) ready.splice(ready.end(), waiting_, here);
  }
  for (const auto& waiting : ready)
    waiting.ready({waiting.head.has_value(), peer_has(waiting), &decision});
}

bool Acknowledger::peer_has(const Waiting& waiting) const {
  const auto known = theirs_.find(log_.own_chain());
  return waiting.head && known != theirs_.end() && known->second.seq >= waiting.head->seq;
}

/// A peer that cannot be reached is not waited for.
bool Acknowledger::is_ready(const Waiting& waiting, const Decision& decision) const {
  if (waiting.late) return true;
  const bool linked = link_.status().link == LinkState::up;
  if (!waiting.head || (linked && !peer_has(waiting))) return false;
  return waiting.settled(decision, linked);
}

nlohmann::json Acknowledger::nodes(const Outcome& outcome, const NodeNames& names) const {
  auto nodes = nlohmann::json::array();
  for (const auto& node : outcome.decision->nodes)
    nodes.push_back(
        {{"id", node}, {"name", name_of(node, names)}, {"has", node == self_ || outcome.peer_has}});
  return nodes;
}

}  // namespace latchkey
