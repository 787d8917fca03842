#include "core/usbkey/status_table.h"

#include <map>
#include <set>
#include <vector>

namespace latchkey {
namespace {

using Candidates = std::vector<const PluggedKey*>;

/// The keys that may be used: each key that is alone on its node, and the one in use until now
/// (SPEC KEY-5).
Candidates candidates(std::span<const PluggedKey> keys,
                      const std::map<std::string_view, int>& per_node, std::string_view in_use) {
  Candidates found;
  for (const auto& key : keys) {
    const bool alone = per_node.at(key.node) == 1;
    const bool stays = !in_use.empty() && key.reading.key_id == in_use;
    if (alone || stays) found.push_back(&key);
  }
  return found;
}

bool preferred(const PluggedKey& a, const PluggedKey& b) {
  if (a.reading.license->issued != b.reading.license->issued)
    return a.reading.license->issued > b.reading.license->issued;
  return a.reading.key_id < b.reading.key_id;
}

const PluggedKey* pick(const Candidates& found, std::string_view in_use) {
  const PluggedKey* best = nullptr;
  for (const auto* key : found) {
    if (!key->reading.works()) continue;
    if (!in_use.empty() && key->reading.key_id == in_use) return key;
    if (!best || preferred(*key, *best)) best = key;
  }
  return best;
}

std::string reasons(const Candidates& found) {
  std::set<std::string_view> names;
  for (const auto* key : found)
    if (key->reading.fault) names.insert(to_string(*key->reading.fault));
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

Choice choose_key(std::span<const PluggedKey> keys, std::string_view in_use_before) {
  std::map<std::string_view, int> per_node;
  for (const auto& key : keys) ++per_node[key.node];
  if (per_node.empty()) return {};

  bool one_alone = false;
  for (const auto& [node, count] : per_node) one_alone = one_alone || count == 1;
  if (!one_alone) return {KeyState::fault, "multiple-keys", nullptr};

  const auto usable = candidates(keys, per_node, in_use_before);
  const auto* in_use = pick(usable, in_use_before);
  if (!in_use) return {KeyState::fault, reasons(usable), nullptr};
  if (per_node.size() == 1) return {KeyState::ready, "", in_use};
  return {KeyState::abnormal, "keys-on-both-nodes", in_use};
}

}  // namespace latchkey
