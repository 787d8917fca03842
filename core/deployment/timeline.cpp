#include "core/deployment/timeline.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/deployment/kept_licenses.h"

namespace latchkey {
namespace {

using Order = std::vector<const Fact*>;

Order in_canonical_order(std::span<const Fact> facts) {
  Order order;
  order.reserve(facts.size());
  for (const auto& fact : facts) order.push_back(&fact);
  const auto before = [](const Fact* a, const Fact* b) { return canonical_order(*a, *b) < 0; };
  const auto same = [](const Fact* a, const Fact* b) { return canonical_order(*a, *b) == 0; };
  if (!std::is_sorted(order.begin(), order.end(), before))
    std::sort(order.begin(), order.end(), before);
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  return order;
}

using Port = std::pair<std::string_view, std::string_view>;  // node, port

/// Finds the losses that a later reading of the same key, within the settle time, shows to be none
/// (SPEC KEY-11).
class Healer {
 public:
  explicit Healer(Duration settle) : settle_(settle) {}

  /// A key.
  void see_key(const Fact& fact) {
    if (const auto* read = std::get_if<KeyRead>(&fact.body)) see_read(fact, *read);
    if (const auto* gone = std::get_if<KeyGone>(&fact.body)) see_gone(fact, *gone);
  }
  /// A license.
  void see_license(const Fact& fact) {
    if (const auto* imported = std::get_if<LicenseImported>(&fact.body))
      see_import(fact, *imported);
    if (const auto* withdrawn = std::get_if<LicenseWithdrawn>(&fact.body))
      kept_.withdraw(*withdrawn);
  }
  std::unordered_set<const Fact*> take_healed() { return std::move(healed_); }

 private:
  struct Read {
    std::string_view key;
    std::string_view chain;  // that says so
  };

  void see_read(const Fact& fact, const KeyRead& read) {
    const Port port{fact.node, read.port};
    const std::string_view key = read.reading.key_id;
    unlicensed_.erase(port);
    if (kept_.license_for(read.reading)) return works(fact.at, port, {key, fact.chain});
    if (const auto held = working_.find(port); held != working_.end())
      lost_[held->second.key].push_back(&fact);
    if (read.reading.fault == KeyFault::unprovisioned) unlicensed_[port] = {key, fact.chain};
  }
  /// A key that carries no license works from here on (SPEC LIC-8).
  void see_import(const Fact& fact, const LicenseImported& imported) {
    kept_.add(fact, imported);
    if (imported.key_id.empty()) return;
    std::erase_if(unlicensed_, [&](const auto& entry) {
      if (entry.second.key != imported.key_id) return false;
      works(fact.at, entry.first, entry.second);
      return true;
    });
  }
  void works(Time at, const Port& port, const Read& read) {
    heal(at, read.key);
    std::erase_if(working_, [&](const auto& entry) { return entry.second.key == read.key; });
    working_[port] = read;
  }
  void see_gone(const Fact& fact, const KeyGone& gone) {
    const Port port{fact.node, gone.port};
    unlicensed_.erase(port);
    const auto found = working_.find(port);
    if (found == working_.end()) return;
    // A node that had lost its database hears of the reading when the key is long gone.
    const bool forgotten = gone.while_down && found->second.chain != fact.chain;
    if (!forgotten) lost_[found->second.key].push_back(&fact);
    working_.erase(found);
  }
  void heal(Time now, std::string_view key) {
    const auto found = lost_.find(key);
    if (found == lost_.end()) return;
    if (now - found->second.front()->at <= settle_)
      healed_.insert(found->second.begin(), found->second.end());
    lost_.erase(found);
  }

  Duration settle_;
  KeptLicenses kept_;
  std::map<Port, Read> working_;
  std::map<Port, Read> unlicensed_;         // genuine keys that carry no license
  std::map<std::string_view, Order> lost_;  // by key ID, since its last working reading
  std::unordered_set<const Fact*> healed_;
};

/// Knows, for a node that starts again, since when it may have been without its keys (SPEC KEY-14).
class Absences {
 public:
  void see(const Fact& fact) {
    auto& writer = nodes_[fact.node];
    if (std::holds_alternative<NodeStarted>(fact.body)) {
      writer.alive_before_start = writer.alive;
      writer.started = fact.at;
      writer.remembers_until = std::exchange(writer.broken, std::nullopt);
    }
    const auto* warning = std::get_if<HistoryWarning>(&fact.body);
    if (warning != nullptr && warning->code == "chain-broken") writer.broken = writer.alive;
    writer.alive = fact.at;
    if (const auto* read = std::get_if<KeyRead>(&fact.body)) writer.read[read->port] = fact.at;
    if (const auto* lost = std::get_if<PeerLost>(&fact.body)) {
      nodes_[lost->peer].missed = fact.at;
      nodes_[lost->peer].found.reset();
    }
    if (const auto* found = std::get_if<PeerFound>(&fact.body)) nodes_[found->peer].found = fact.at;
  }

  Time effective(const Fact& fact) const {
    const auto* gone = std::get_if<KeyGone>(&fact.body);
    if (!gone || !gone->while_down) return fact.at;
    const auto& node = nodes_.at(fact.node);
    // Not at one instant with what it remembers last, which may be the insertion.
    if (node.remembers_until) return std::min(fact.at, *node.remembers_until + Duration(1));
    const bool noticed = node.missed && (!node.found || *node.found >= node.started);
    if (!noticed) return fact.at;
    // No key leaves before it was read, whatever a restored database said in between.
    const auto read = node.read.find(gone->port);
    const Time last_read = read == node.read.end() ? Time::min() : read->second;
    return std::min(fact.at, std::max({*node.missed, node.alive_before_start, last_read}));
  }

 private:
  struct Node {
    Time alive{};                // its latest fact
    std::optional<Time> broken;  // what it had before it reported damage
    // Its latest start was with a damaged history: what was lost of it may be that the key left
    // long before, so nothing is gained by damage (SPEC BUF-10).
    std::optional<Time> remembers_until;
    Time started{};                         // its latest start
    Time alive_before_start{};              // its latest fact before that
    std::optional<Time> missed;             // when the other node's hold for it ended last
    std::optional<Time> found;              // when the other node found it again after that
    std::map<std::string_view, Time> read;  // by port: its latest reading
  };
  std::map<std::string_view, Node> nodes_;
};

const Fact* open_loss(const Order& order, std::string_view self) {
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if ((*it)->node != self) continue;
    const auto& body = (*it)->body;
    if (std::holds_alternative<PeerFound>(body) || std::holds_alternative<NodeJoined>(body))
      return nullptr;
    if (std::holds_alternative<PeerLost>(body)) return *it;
  }
  return nullptr;
}

/// The losses that were none. What the lost peer saw since does not count, so it heals nothing.
std::unordered_set<const Fact*> find_healed(const Order& order, Duration settle, const Fact* loss) {
  Healer healer(settle);
  std::string_view lost;
  for (const auto* fact : order) {
    if (fact == loss) lost = std::get<PeerLost>(fact->body).peer;
    if (fact->node != lost) healer.see_key(*fact);
    healer.see_license(*fact);
  }
  return healer.take_healed();
}

}  // namespace

Timeline make_timeline(std::span<const Fact> facts, const FoldConfig& config) {
  const auto order = in_canonical_order(facts);
  Timeline timeline;
  timeline.open_loss = open_loss(order, config.self);
  const auto healed = find_healed(order, config.settle, timeline.open_loss);
  timeline.events.reserve(order.size());
  Absences absences;
  bool moved = false;
  for (const auto* fact : order) {
    absences.see(*fact);
    if (healed.count(fact) != 0) continue;
    const Time at = absences.effective(*fact);
    moved = moved || at != fact->at;
    timeline.events.push_back({at, fact});
  }
  if (moved)
    std::stable_sort(timeline.events.begin(), timeline.events.end(),
                     [](const Event& a, const Event& b) { return a.at < b.at; });
  return timeline;
}

}  // namespace latchkey
