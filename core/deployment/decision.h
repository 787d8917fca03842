#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/deployment/fingerprint.h"
#include "core/usbkey/buffer.h"
#include "core/usbkey/status_table.h"

namespace latchkey {

/// A license that an administrator installed.
struct KeptLicense {
  std::string key_id;  ///< as LicenseImported::key_id; empty: a file license
  LicenseSummary license;
  Time imported_at;
  std::string node;  ///< where it was installed
  std::string by;
  std::string method;
  std::string batch;
};

/// Where the license of a plugged key is (SPEC LIC-8).
struct LicenseHolding {
  std::optional<LicenseSummary> license;  ///< that counts for the key; none: it does not work
  bool on_key = false;                    ///< the key carries it
  bool kept = false;                      ///< it was installed: the agents keep it
  /// Content hash of the installed document that the key should carry and does not; empty: none.
  std::string to_write;
};

/// One recognised key as one node last reported it.
struct PluggedKey {
  std::string node;
  std::string port;
  std::string driver;
  Time since;    ///< first reading at this port
  Time read_at;  ///< latest reading that said something new
  KeyReading reading;
  LicenseHolding holding;
};

/// What a fold of the facts says at one instant, as one node sees it.
struct Decision {
  Time at;  ///< license time: never before the newest fact
  KeyState state = KeyState::missing;
  std::string reason;  ///< as Choice::reason; Missing: `never-inserted` or `removed` (SPEC KEY-4)
  Time state_since{};  ///< when state and reason became this; the first fact's time without a key
  std::string key_id;  ///< the key in use (Ready, Abnormal), else empty
  std::optional<LicenseSummary> license;  ///< that counts for the key in use (SPEC LIC-8)
  std::optional<Buffer> buffer;           ///< Missing and Fault only
  bool usable = false;                    ///< some entry counts now (SPEC BUF-8)
  /// When the last entry of the license, or of what the buffer bridges, ends (SPEC BUF-6); may be
  /// past.
  std::optional<Time> entries_until;
  /// SPEC BUF-9; only while a key is in use whose license has not expired.
  std::optional<Forecast> if_removed;
  bool peer_unreachable = false;  ///< the peer's keys count as absent (SPEC KEY-12)
  std::vector<PluggedKey> keys;   ///< every key that counts, by node and port
  /// Every license installed, in order, superseded ones as well; not those that were deleted or
  /// withdrawn. A file license is here once, however many nodes installed it.
  std::vector<KeptLicense> kept;
  RemovalHistories history;
  std::vector<std::string> nodes;              ///< the members, sorted
  std::map<std::string, NodeFactors> factors;  ///< by member: what it told last of its machine
  std::optional<Time> next_change;  ///< the next instant at which this changes without a new fact
};

}  // namespace latchkey
