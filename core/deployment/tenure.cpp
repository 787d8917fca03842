#include "core/deployment/tenure.h"

#include <algorithm>
#include <utility>

#include "core/deployment/license_clock.h"

namespace latchkey {
namespace {

/// A removal in the future is the word of a wrong clock: when it was nobody knows, so it counts as
/// one of now, and its buffer as over.
RemovalHistory told_by(const RemovalStamp& stamp, Time now) {
  if (stamp.removed_at - now <= kClockSkew) return {1, stamp.removed_at, stamp.buffer_until};
  return {1, now, std::min(stamp.buffer_until, now)};
}

}  // namespace

void Tenure::adopt_stamp(Time now, const KeyReading& reading) {
  if (!reading.works() || !reading.stamp) return;
  auto& history = history_[reading.key_id];
  const auto told = told_by(*reading.stamp, now);
  if (history.removals == 0 || history.removed_at < told.removed_at) {
    history = {history.removals + 1, told.removed_at, told.buffer_until};
    return;
  }
  // The facts may know the later removal and not this one: a restored database finds its key gone.
  const auto after = forecast_removal(&told, history.removed_at).until(history.removed_at);
  history.buffer_until = std::min(history.buffer_until, after);
}

void Tenure::doubt(Time now) {
  for (auto& [key_id, history] : history_)
    if (history.removals != 0) history.removed_at = std::max(history.removed_at, now);
}

void Tenure::choose(Time at, const std::optional<KeyInPort>& in_use) {
  if (!in_use) {
    if (license_) removed(at);
    return;
  }
  buffer_.reset();  // BUF-7, KEY-9
  bridged_ = nullptr;
  key_id_ = in_use->reading->key_id;
  license_ = in_use->license;
}

/// The key in use left, and no other took over (BUF-1…4, BUF-11).
void Tenure::removed(Time at) {
  bridged_ = std::exchange(license_, nullptr);
  const std::string key_id(std::exchange(key_id_, {}));
  if (at >= entries_until(*bridged_)) return;
  auto& history = history_[key_id];
  const auto* before = history.removals == 0 ? nullptr : &history;
  history = {history.removals + 1, at, forecast_removal(before, at).until(at)};
  buffer_ = Buffer{key_id, *bridged_, at, history.buffer_until};
}

const RemovalHistory* Tenure::history() const {
  const auto found = history_.find(key_id_);
  return found == history_.end() ? nullptr : &found->second;
}

void Tenure::tell(Decision& decision) const {
  decision.key_id = key_id_;
  decision.buffer = buffer_;
  decision.history = history_;
  if (license_) decision.license = *license_;
  const auto* license = license_ ? license_ : bridged_;
  if (!license) return;
  const auto until = buffer_ ? std::optional(buffer_->until) : std::nullopt;
  decision.entries_until = entries_until(*license, until);
  decision.usable = (license_ != nullptr || buffer_) && usable(*license, decision.at, until);
  if (license_ && decision.at < *decision.entries_until)
    decision.if_removed = forecast_removal(history(), decision.at);
  decision.next_change = next_change(*license, decision.at);
}

std::optional<Time> Tenure::next_change(const LicenseSummary& license, Time now) const {
  std::optional<Time> next;
  const auto consider = [&](Time at) {
    if (at > now && (!next || at < *next)) next = at;
  };
  for (const auto& window : license.windows) {
    consider(window.not_before);
    consider(window.not_after);
  }
  if (buffer_) consider(buffer_->until);
  if (const auto* known = license_ ? history() : nullptr)
    consider(known->removed_at + kRemovalMemory);
  return next;
}

}  // namespace latchkey
