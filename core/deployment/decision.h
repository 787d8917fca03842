#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/usbkey/reading.h"

namespace latchkey {

enum class KeyState { ready, missing, abnormal, fault };
std::string_view to_string(KeyState state);  ///< `Ready`, `Missing`, `Abnormal`, `Fault`

struct FoldConfig {
  std::string self;  ///< the node whose view is computed; empty: no node in particular
  Duration settle = std::chrono::seconds(3);  ///< SPEC KEY-11
};

/// One recognised key as one node last reported it.
struct PluggedKey {
  std::string node;
  std::string port;
  std::string driver;
  Time since;    ///< first reading at this port
  Time read_at;  ///< latest reading
  KeyReading reading;
};

/// The removals of one key anywhere in the deployment (SPEC BUF-5).
struct RemovalHistory {
  int removals = 0;   ///< those that started or inherited a buffer
  Time removed_at{};  ///< the latest of them
  Time buffer_until{};
};

struct Buffer {
  std::string key_id;
  LicenseSummary license;  ///< what it bridges
  Time since;              ///< the removal
  Time until;              ///< SPEC BUF-2…4; may lie in the past (BUF-3)
};

/// What a fold of the facts says at one instant.
struct Decision {
  Time at;
  KeyState state = KeyState::missing;
  /// Missing: `never-inserted`, `removed`. Abnormal: `keys-on-both-nodes`. Fault: `multiple-keys`,
  /// or the KEY-3 reasons of the keys that could have been used (sorted, joined with a comma).
  /// Ready: empty.
  std::string reason;
  std::string key_id;                     ///< the key in use (Ready, Abnormal), else empty
  std::optional<LicenseSummary> license;  ///< of the key in use
  std::optional<Buffer> buffer;           ///< Missing and Fault only
  bool usable = false;                    ///< some entry counts now (BUF-8)
  std::optional<Time>
      entries_until;  ///< the last instant at which an entry of the license or buffer ends
  std::optional<Buffer>
      if_removed_now;  ///< BUF-9; only while a key is in use and its license is not expired
  bool peer_unreachable = false;                  ///< KEY-12: the peer's keys count as absent
  std::vector<PluggedKey> keys;                   ///< every key counted, by node and port
  std::map<std::string, RemovalHistory> history;  ///< by key ID
  std::vector<std::string> nodes;                 ///< the members, sorted
  /// The next instant at which this decision changes without a new fact; none: never.
  std::optional<Time> next_change;
};

}  // namespace latchkey
