#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/usbkey/reading.h"

namespace latchkey {

enum class KeyState { ready, missing, abnormal, fault };
/// `Ready`, `Missing`, `Abnormal`, `Fault`.
std::string_view to_string(KeyState state);

/// A recognised key that is plugged in, as far as the table cares; the caller keeps what it refers
/// to.
struct KeyInPort {
  std::string_view node;
  const KeyReading* reading;
  const LicenseSummary* license;  ///< that counts for it (SPEC LIC-8); null: the key does not work
};

struct Choice {
  KeyState state = KeyState::missing;
  /// Abnormal: `keys-on-both-nodes`. Fault: `multiple-keys`, or the KEY-3 reasons of the keys that
  /// could have been used, sorted and joined with a comma. Missing: empty here, since only the
  /// history knows (SPEC KEY-4).
  std::string reason;
  std::optional<KeyInPort> in_use;  ///< one of the keys given; Ready and Abnormal only
};

/// The table of SPEC KEY-1, KEY-2, KEY-3 and KEY-5 over the keys of all reachable nodes.
/// `in_use_before` is the ID of the key in use until now, empty for none.
Choice choose_key(std::span<const KeyInPort> keys, std::string_view in_use_before);

}  // namespace latchkey
