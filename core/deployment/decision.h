#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/usbkey/buffer.h"
#include "core/usbkey/status_table.h"

namespace latchkey {

/// One recognised key as one node last reported it.
struct PluggedKey {
  std::string node;
  std::string port;
  std::string driver;
  Time since;    ///< first reading at this port
  Time read_at;  ///< latest reading that said something new
  KeyReading reading;
};

/// What a fold of the facts says at one instant, as one node sees it.
struct Decision {
  Time at;  ///< license time: never before the newest fact
  KeyState state = KeyState::missing;
  std::string reason;  ///< as Choice::reason; Missing: `never-inserted` or `removed` (SPEC KEY-4)
  std::string key_id;  ///< the key in use (Ready, Abnormal), else empty
  std::optional<LicenseSummary> license;  ///< of the key in use
  std::optional<Buffer> buffer;           ///< Missing and Fault only
  bool usable = false;                    ///< some entry counts now (SPEC BUF-8)
  /// When the last entry of the license, or of what the buffer bridges, ends (SPEC BUF-6); may be
  /// past.
  std::optional<Time> entries_until;
  /// SPEC BUF-9; only while a key is in use whose license has not expired.
  std::optional<Forecast> if_removed;
  bool peer_unreachable = false;  ///< the peer's keys count as absent (SPEC KEY-12)
  std::vector<PluggedKey> keys;   ///< every key that counts, by node and port
  RemovalHistories history;
  std::vector<std::string> nodes;   ///< the members, sorted
  std::optional<Time> next_change;  ///< the next instant at which this changes without a new fact
};

}  // namespace latchkey
