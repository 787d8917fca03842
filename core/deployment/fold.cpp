#include "core/deployment/fold.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/deployment/timeline.h"

namespace latchkey {
namespace {

/// A reading that shows where the key with this ID really is: it answered the challenge (SPEC
/// SEC-4).
bool proven(const KeyReading& reading) {
  if (reading.key_id.empty()) return false;
  if (!reading.fault) return true;
  return *reading.fault == KeyFault::unprovisioned || *reading.fault == KeyFault::license_invalid ||
         *reading.fault == KeyFault::wrong_key_id;
}

class Folder {
 public:
  explicit Folder(const Timeline& timeline) : timeline_(timeline) {}

  Decision run(Time now) {
    const auto& events = timeline_.events;
    // What happens at one instant happens at once: two keys pulled together leave no winner
    // (BUF-11).
    for (std::size_t i = 0; i < events.size();) {
      const Time at = events[i].at;
      for (; i < events.size() && events[i].at == at; ++i) apply(at, *events[i].fact);
      if (touched_) settle_instant(at);
    }
    return decide(events.empty() ? now : std::max(now, events.back().at));
  }

 private:
  void apply(Time at, const Fact& fact) {
    if (absent_.count(fact.node) != 0) return;
    nodes_.insert(fact.node);
    std::visit([&](const auto& body) { on(at, fact, body); }, fact.body);
  }

  template <class Other>
  void on(Time, const Fact&, const Other&) {}

  void on(Time at, const Fact& fact, const KeyRead& read) {
    touched_ = seen_any_ = true;
    if (proven(read.reading)) leave_elsewhere(fact.node, read);
    adopt_stamp(read.reading);
    const auto place = find(fact.node, read.port);
    if (place == keys_.end()) {
      keys_.insert(place, {fact.node, read.port, read.driver, at, at, read.reading});
    } else {
      place->read_at = at;
      place->reading = read.reading;
    }
  }
  void on(Time, const Fact& fact, const KeyGone& gone) {
    touched_ = true;
    std::erase_if(keys_,
                  [&](const auto& key) { return key.node == fact.node && key.port == gone.port; });
  }
  void on(Time, const Fact&, const NodeJoined& joined) {
    nodes_.insert(joined.node);
    absent_.erase(joined.node);
    if (joined.replaces.empty()) return;
    nodes_.erase(joined.replaces);
    leave(joined.replaces);
  }
  void on(Time, const Fact& fact, const PeerLost& lost) {
    if (&fact != timeline_.open_loss) return;
    peer_unreachable_ = true;
    leave(lost.peer);
  }

  /// From now on nothing that this node says counts.
  void leave(const std::string& node) {
    touched_ = true;
    absent_.insert(node);
    std::erase_if(keys_, [&](const auto& key) { return key.node == node; });
  }

  std::vector<PluggedKey>::iterator find(std::string_view node, std::string_view port) {
    return std::find_if(keys_.begin(), keys_.end(),
                        [&](const auto& key) { return key.node == node && key.port == port; });
  }

  /// A key is in one place: seen here, it is no longer where it was (KEY-7, KEY-11).
  void leave_elsewhere(std::string_view node, const KeyRead& read) {
    std::erase_if(keys_, [&](const auto& key) {
      const bool here = key.node == node && key.port == read.port;
      return !here && proven(key.reading) && key.reading.key_id == read.reading.key_id;
    });
  }

  /// What the key itself remembers, when this database has forgotten it (BUF-10).
  void adopt_stamp(const KeyReading& reading) {
    if (!reading.works() || !reading.stamp) return;
    auto& history = history_[reading.key_id];
    if (history.removals != 0 && history.removed_at >= reading.stamp->removed_at) return;
    history = {history.removals + 1, reading.stamp->removed_at, reading.stamp->buffer_until};
  }

  const RemovalHistory* history_of(const std::string& key_id) const {
    const auto found = history_.find(key_id);
    return found == history_.end() || found->second.removals == 0 ? nullptr : &found->second;
  }

  void settle_instant(Time at) {
    touched_ = false;
    const auto choice = choose_key(keys_, key_id_);
    state_ = choice.state;
    reason_ = choice.reason;
    if (choice.in_use) {
      buffer_.reset();  // BUF-7, KEY-9
      bridged_.reset();
      key_id_ = choice.in_use->reading.key_id;
      license_ = choice.in_use->reading.license;
    } else if (license_) {
      removed(at);
    }
  }

  /// The key in use left, and no other took over (BUF-1…4, BUF-11).
  void removed(Time at) {
    bridged_ = std::move(license_);
    license_.reset();
    if (at < entries_until(*bridged_)) {
      const Time until = forecast_removal(history_of(key_id_), at).until(at);
      auto& history = history_[key_id_];
      history = {history.removals + 1, at, until};
      buffer_ = Buffer{key_id_, *bridged_, at, until};
    }
    key_id_.clear();
  }

  Decision decide(Time now) const {
    Decision decision;
    decision.at = now;
    decision.state = state_;
    decision.reason = reason_;
    if (state_ == KeyState::missing) decision.reason = seen_any_ ? "removed" : "never-inserted";
    decision.key_id = key_id_;
    decision.license = license_;
    decision.buffer = buffer_;
    decision.peer_unreachable = peer_unreachable_;
    decision.keys = keys_;
    decision.history = history_;
    decision.nodes.assign(nodes_.begin(), nodes_.end());
    std::sort(decision.keys.begin(), decision.keys.end(), [](const auto& a, const auto& b) {
      return std::tie(a.node, a.port) < std::tie(b.node, b.port);
    });
    add_validity(decision);
    return decision;
  }

  void add_validity(Decision& decision) const {
    const auto& license = license_ ? license_ : bridged_;
    if (!license) return;
    const auto until = buffer_ ? std::optional(buffer_->until) : std::nullopt;
    decision.entries_until = entries_until(*license, until);
    decision.usable = (license_ || buffer_) && usable(*license, decision.at, until);
    if (license_ && decision.at < *decision.entries_until)
      decision.if_removed = forecast_removal(history_of(key_id_), decision.at);
    decision.next_change = next_change(*license, decision.at);
  }

  std::optional<Time> next_change(const LicenseSummary& license, Time now) const {
    std::optional<Time> next;
    const auto consider = [&](Time at) {
      if (at > now && (!next || at < *next)) next = at;
    };
    for (const auto& window : license.windows) {
      consider(window.not_before);
      consider(window.not_after);
    }
    if (buffer_) consider(buffer_->until);
    if (const auto* history = license_ ? history_of(key_id_) : nullptr)
      consider(history->removed_at + kRemovalMemory);
    return next;
  }

  const Timeline& timeline_;
  std::vector<PluggedKey> keys_;
  std::map<std::string, RemovalHistory> history_;
  std::set<std::string> nodes_;
  std::set<std::string> absent_;  // unreachable or replaced
  bool peer_unreachable_ = false;
  bool touched_ = false;
  bool seen_any_ = false;
  KeyState state_ = KeyState::missing;
  std::string reason_;
  std::string key_id_;
  std::optional<LicenseSummary> license_;  // of the key in use
  std::optional<LicenseSummary> bridged_;  // of the key that left last, while none is in use
  std::optional<Buffer> buffer_;
};

}  // namespace

Decision fold(std::span<const Fact> facts, const FoldConfig& config, Time now) {
  return Folder(make_timeline(facts, config)).run(now);
}

}  // namespace latchkey
