#include "core/deployment/presence.h"

#include <algorithm>
#include <tuple>

namespace latchkey {

void Presence::read(Time at, const Fact& fact, const KeyRead& read) {
  if (!read.reading.key_id.empty()) leave_elsewhere(fact.node, read);
  const auto slot = std::ranges::find_if(slots_, [&](const Slot& known) {
    return known.read->port == read.port && known.node == fact.node;
  });
  if (slot == slots_.end()) {
    slots_.push_back({fact.node, at, at, &read});
  } else {
    slot->read_at = at;
    slot->read = &read;
  }
}

/// A key is in one place: seen here, it is no longer where it was (SPEC KEY-7, KEY-11).
void Presence::leave_elsewhere(std::string_view node, const KeyRead& read) {
  std::erase_if(slots_, [&](const Slot& slot) {
    const bool here = slot.node == node && slot.read->port == read.port;
    return !here && slot.read->reading.key_id == read.reading.key_id;
  });
}

void Presence::gone(const Fact& fact, const KeyGone& gone) {
  std::erase_if(slots_, [&](const Slot& slot) {
    return slot.read->port == gone.port && slot.node == fact.node;
  });
}

void Presence::leave(const std::string& node) {
  absent_.insert(node);
  std::erase_if(slots_, [&](const Slot& slot) { return slot.node == node; });
}

std::vector<KeyInPort> Presence::in_ports(const KeptLicenses& kept) const {
  std::vector<KeyInPort> keys;
  keys.reserve(slots_.size());
  for (const auto& slot : slots_)
    keys.push_back({slot.node, &slot.read->reading, kept.license_for(slot.read->reading)});
  return keys;
}

std::vector<PluggedKey> Presence::plugged(const KeptLicenses& kept) const {
  std::vector<PluggedKey> keys;
  for (const auto& slot : slots_)
    keys.push_back({std::string(slot.node), slot.read->port, slot.read->driver, slot.since,
                    slot.read_at, slot.read->reading, kept.holding(slot.read->reading)});
  std::ranges::sort(keys, {}, [](const PluggedKey& key) { return std::tie(key.node, key.port); });
  return keys;
}

}  // namespace latchkey
