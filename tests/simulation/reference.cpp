#include "tests/simulation/reference.h"

#include <algorithm>
#include <sstream>

namespace latchkey::simulation {
namespace {

// Written out once more on purpose: this file must not share a mistake with the product.
constexpr Duration kDays = std::chrono::hours(24);
constexpr Duration kFirst = 30 * kDays, kLater = 60 * kDays, kMemory = 60 * kDays;

std::string text(const std::optional<Time>& time) { return time ? format_time(*time) : "none"; }

template <class Value>
void differ(std::ostringstream& out, const char* what, const Value& is, const Value& should) {
  if (!(is == should)) out << what << " is " << is << " and should be " << should << "; ";
}

}  // namespace

void Reference::plugged(Time at, const std::string& node, const std::string& key,
                        std::optional<License> license) {
  plugged_[key] = {node, license};
  settle(at);
}

void Reference::pulled(Time at, const std::string& key) {
  plugged_.erase(key);
  settle(at);
}

void Reference::moved(Time at, const std::string& node, const std::string& key) {
  plugged_.at(key).node = node;
  settle(at);
}

void Reference::reminded(const std::string& key, const RemovalStamp& stamp) {
  auto& known = removals_[key];
  if (known.count == 0 || known.last < stamp.removed_at)
    known = {known.count + 1, stamp.removed_at, stamp.buffer_until};
}

void Reference::licensed(Time at, const std::string& key, License license) {
  if (const auto found = plugged_.find(key); found != plugged_.end())
    found->second.license = license;
  settle(at);
}

std::map<std::string, int> Reference::counts() const {
  std::map<std::string, int> counts;
  for (const auto& [key, plugged] : plugged_) ++counts[plugged.node];
  return counts;
}

/// SPEC KEY-5: the key in use, and every key that is alone on its node.
std::vector<std::string> Reference::candidates() const {
  std::vector<std::string> found;
  const auto on_node = counts();
  for (const auto& [key, plugged] : plugged_)
    if (plugged.license && (key == in_use_ || on_node.at(plugged.node) == 1)) found.push_back(key);
  return found;
}

/// SPEC KEY-1, KEY-2, KEY-3, KEY-5; empty: none.
std::string Reference::choose() const {
  const auto found = candidates();
  if (std::ranges::find(found, in_use_) != found.end()) return in_use_;
  std::string best;
  for (const auto& key : found)  // ascending, so a tie stays with the smaller ID
    if (best.empty() || plugged_.at(key).license->issued > plugged_.at(best).license->issued)
      best = key;
  return best;
}

void Reference::settle(Time at) {
  const auto on_node = counts();
  const bool some_alone =
      std::ranges::any_of(on_node, [](const auto& entry) { return entry.second == 1; });
  const auto chosen = some_alone ? choose() : std::string();
  if (plugged_.empty())
    state_ = KeyState::missing;
  else if (chosen.empty())
    state_ = KeyState::fault;
  else
    state_ = plugged_.size() == 1 ? KeyState::ready : KeyState::abnormal;
  if (chosen.empty() && !in_use_.empty()) removed(at);
  in_use_ = chosen;
  if (chosen.empty()) return;
  buffer_.reset();
  license_ = *plugged_.at(chosen).license;
}

/// SPEC BUF-2, BUF-3, BUF-4.
Time Reference::buffer_end(const std::string& key, Time removal) const {
  const auto found = removals_.find(key);
  if (found == removals_.end() || found->second.count == 0) return removal + kFirst;
  if (removal - found->second.last < kMemory) return found->second.buffer_until;
  return removal + kLater;
}

void Reference::removed(Time at) {
  if (at >= license_.validity.not_after) return;  // BUF-1
  const auto until = buffer_end(in_use_, at);
  removals_[in_use_] = {removals_[in_use_].count + 1, at, until};
  buffer_ = Buffer{in_use_, license_, at, until};
}

/// SPEC BUF-6, BUF-8.
bool Reference::usable(Time now) const {
  const auto valid = [now](const License& license) {
    return license.validity.not_before <= now && now < license.validity.not_after;
  };
  if (!in_use_.empty()) return valid(license_);
  return buffer_ && now < buffer_->until && valid(buffer_->bridged);
}

std::string Reference::compare(const Decision& decision, Time now) const {
  std::ostringstream out;
  differ(out, "state", to_string(decision.state), to_string(state_));
  differ(out, "key in use", decision.key_id, in_use_);
  differ(out, "usable", decision.usable, usable(now));
  using When = std::optional<Time>;
  differ(out, "buffer since", text(decision.buffer ? When(decision.buffer->since) : When()),
         text(buffer_ ? When(buffer_->since) : When()));
  differ(out, "buffer until", text(decision.buffer ? When(decision.buffer->until) : When()),
         text(buffer_ ? When(buffer_->until) : When()));
  for (const auto& [key, removals] : removals_) {
    const auto told = decision.history.find(key);
    differ(out, "removals", told == decision.history.end() ? 0 : told->second.removals,
           removals.count);
  }
  // SPEC BUF-9
  const bool foretells = !in_use_.empty() && now < license_.validity.not_after;
  differ(out, "if removed now, until",
         text(decision.if_removed ? When(decision.if_removed->until(now)) : When()),
         text(foretells ? When(buffer_end(in_use_, now)) : When()));
  return out.str();
}

void Reference::adopt(const Decision& decision, std::map<std::string, std::string> nodes_by_key,
                      const std::map<std::string, License>& licenses) {
  const auto license_of = [&](const std::string& key) {
    const auto found = licenses.find(key);
    return found == licenses.end() ? std::nullopt : std::optional(found->second);
  };
  plugged_.clear();
  for (auto& [key, node] : nodes_by_key) plugged_[key] = {std::move(node), license_of(key)};
  removals_.clear();
  for (const auto& [key, history] : decision.history)
    removals_[key] = {history.removals, history.removed_at, history.buffer_until};
  state_ = decision.state;
  in_use_ = decision.key_id;
  if (const auto license = license_of(in_use_)) license_ = *license;
  buffer_.reset();
  if (!decision.buffer) return;
  const auto& told = *decision.buffer;
  buffer_ = Buffer{
      told.key_id, {told.license.issued, told.license.windows.front()}, told.since, told.until};
}

}  // namespace latchkey::simulation
