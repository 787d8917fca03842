#include "core/deployment/fold.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "core/deployment/presence.h"
#include "core/deployment/tenure.h"
#include "core/deployment/timeline.h"

namespace latchkey {
namespace {

class Folder {
 public:
  Folder(Timeline timeline, const WatchFold& watch) : timeline_(std::move(timeline)) {
    run(watch);
    if (!timeline_.events.empty() && !state_since_) state_since_ = timeline_.events.front().at;
  }

  Decision at(Time now) const {
    return decide(timeline_.events.empty() ? now : std::max(now, timeline_.events.back().at));
  }

 private:
  void run(const WatchFold& watch) {
    const auto& events = timeline_.events;
    // What happens at one instant happens at once: two keys pulled together leave no winner
    // (BUF-11).
    for (std::size_t i = 0; i < events.size();) {
      const Time at = events[i].at;
      for (; i < events.size() && events[i].at == at; ++i) apply(at, *events[i].fact);
      if (!std::exchange(touched_, false)) continue;
      settle_instant(at);
      if (watch) tell(watch, at, *events[i - 1].fact);
    }
  }

  void apply(Time at, const Fact& fact) {
    // What was installed is the deployment's, whatever became of the node that took it in.
    if (const auto* imported = std::get_if<LicenseImported>(&fact.body)) {
      touched_ = true;
      kept_.add(fact, *imported);
    } else if (const auto* deleted = std::get_if<LicenseDeleted>(&fact.body)) {
      kept_.remove(*deleted);
    } else if (const auto* withdrawn = std::get_if<LicenseWithdrawn>(&fact.body)) {
      touched_ = true;
      kept_.withdraw(*withdrawn);
    }
    if (!presence_.counts(fact.node)) return;
    nodes_.insert(fact.node);
    std::visit([&](const auto& body) { on(at, fact, body); }, fact.body);
  }

  template <class Other>
  void on(Time, const Fact&, const Other&) {}

  void on(Time at, const Fact& fact, const KeyRead& read) {
    touched_ = seen_any_ = true;
    presence_.read(at, fact, read);
    kept_.see(read.reading);
    tenure_.adopt_stamp(at, read.reading);
  }
  void on(Time, const Fact& fact, const KeyGone& gone) {
    touched_ = true;
    presence_.gone(fact, gone);
  }
  void on(Time at, const Fact&, const TimeRepaired& repaired) {
    if (repaired.estimated) tenure_.doubt(at);
  }
  void on(Time, const Fact& fact, const NodeFactors& factors) { factors_[fact.node] = &factors; }
  void on(Time, const Fact&, const NodeJoined& joined) {
    nodes_.insert(joined.node);
    presence_.come_back(joined.node);
    if (joined.replaces.empty()) return;
    touched_ = true;
    nodes_.erase(joined.replaces);
    factors_.erase(joined.replaces);
    presence_.leave(joined.replaces);
  }
  void on(Time, const Fact& fact, const PeerLost& lost) {
    if (&fact != timeline_.open_loss) return;
    touched_ = peer_unreachable_ = true;
    presence_.leave(lost.peer);
  }

  void settle_instant(Time at) {
    auto choice = choose_key(presence_.in_ports(kept_), tenure_.key_id());
    if (std::tie(state_, reason_) != std::tie(choice.state, choice.reason)) state_since_ = at;
    state_ = choice.state;
    reason_ = std::move(choice.reason);
    tenure_.choose(at, choice.in_use);
  }

  void tell(const WatchFold& watch, Time at, const Fact& last) const {
    const auto& buffer = tenure_.buffer();
    watch({at, &last, state_, reason(), tenure_.key_id(), buffer ? &*buffer : nullptr});
  }

  std::string_view reason() const {
    if (state_ != KeyState::missing) return reason_;
    return seen_any_ ? "removed" : kNeverInserted;
  }

  Decision decide(Time now) const {
    Decision decision;
    decision.at = now;
    decision.state = state_;
    decision.reason = reason();
    decision.state_since = state_since_.value_or(now);
    decision.peer_unreachable = peer_unreachable_;
    decision.keys = presence_.plugged(kept_);
    decision.kept = kept_.all();
    decision.nodes.assign(nodes_.begin(), nodes_.end());
    for (const auto& [node, factors] : factors_) decision.factors.emplace(node, *factors);
    tenure_.tell(decision);
    return decision;
  }

  const Timeline timeline_;
  Presence presence_;
  KeptLicenses kept_;
  Tenure tenure_;
  std::set<std::string> nodes_;
  std::map<std::string, const NodeFactors*> factors_;
  bool peer_unreachable_ = false;
  bool touched_ = false;
  bool seen_any_ = false;
  KeyState state_ = KeyState::missing;
  std::string reason_;
  std::optional<Time> state_since_;
};

}  // namespace

Decision fold(std::span<const Fact> facts, const FoldConfig& config, Time now,
              const WatchFold& watch) {
  return Folder(make_timeline(facts, config), watch).at(now);
}

DecideAt folded(std::span<const Fact> facts, const FoldConfig& config) {
  const auto folder = std::make_shared<const Folder>(make_timeline(facts, config), WatchFold());
  return [folder](Time now) { return folder->at(now); };
}

}  // namespace latchkey
