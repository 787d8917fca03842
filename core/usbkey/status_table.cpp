#include "core/usbkey/status_table.h"

#include <algorithm>
#include <set>
#include <vector>

namespace latchkey {
namespace {

using Candidates = std::vector<const KeyInPort*>;

int count_on(std::span<const KeyInPort> keys, std::string_view node) {
  return static_cast<int>(
      std::ranges::count_if(keys, [node](const KeyInPort& key) { return key.node == node; }));
}

/// The keys that may be used: each key that is alone on its node, and the one in use until now
/// (SPEC KEY-5).
Candidates candidates(std::span<const KeyInPort> keys, std::string_view in_use) {
  Candidates found;
  for (const auto& key : keys) {
    const bool stays = !in_use.empty() && key.reading->key_id == in_use;
    if (stays || count_on(keys, key.node) == 1) found.push_back(&key);
  }
  return found;
}

bool preferred(const KeyInPort& a, const KeyInPort& b) {
  if (a.license->issued != b.license->issued) return a.license->issued > b.license->issued;
  return a.reading->key_id < b.reading->key_id;
}

const KeyInPort* pick(const Candidates& found, std::string_view in_use) {
  const KeyInPort* best = nullptr;
  for (const auto* key : found) {
    if (!key->license) continue;
    if (!in_use.empty() && key->reading->key_id == in_use) return key;
    if (!best || preferred(*key, *best)) best = key;
  }
  return best;
}

std::string reasons(const Candidates& found) {
  std::set<std::string_view> names;
  for (const auto* key : found)
    if (key->reading->fault) names.insert(to_string(*key->reading->fault));
  std::string joined;
  for (const auto name : names) joined.append(joined.empty() ? "" : ",").append(name);
  return joined;
}

}  // namespace

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::ready:
      return "Ready";
    case KeyState::missing:
      return "Missing";
    case KeyState::abnormal:
      return "Abnormal";
    case KeyState::fault:
      return "Fault";
  }
  return "Fault";
}

Choice choose_key(std::span<const KeyInPort> keys, std::string_view in_use_before) {
  if (keys.empty()) return {};
  const auto alone = [keys](const KeyInPort& key) { return count_on(keys, key.node) == 1; };
  if (std::ranges::none_of(keys, alone)) return {KeyState::fault, "multiple-keys", {}};

  const auto usable = candidates(keys, in_use_before);
  const auto* in_use = pick(usable, in_use_before);
  if (!in_use) return {KeyState::fault, reasons(usable), {}};
  if (count_on(keys, keys.front().node) == static_cast<int>(keys.size()))
    return {KeyState::ready, "", *in_use};
  return {KeyState::abnormal, "keys-on-both-nodes", *in_use};
}

}  // namespace latchkey
