#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/usbkey/reading.h"

namespace latchkey {

inline constexpr Duration kFirstBuffer = 30 * kDay;    ///< SPEC BUF-2
inline constexpr Duration kRemovalMemory = 60 * kDay;  ///< SPEC BUF-3, BUF-4
inline constexpr Duration kLaterBuffer = 60 * kDay;    ///< SPEC BUF-4

/// The removals of one key anywhere in the deployment that a buffer bridged (SPEC BUF-5). A removal
/// with an expired license starts none (BUF-1) and leaves no trace here.
struct RemovalHistory {
  int removals = 0;
  Time removed_at{};  ///< the latest one
  Time buffer_until{};
  bool operator==(const RemovalHistory&) const = default;
};

using RemovalHistories = std::map<std::string, RemovalHistory, std::less<>>;  ///< by key ID

/// The temporary license that bridges the absence of a USB key.
struct Buffer {
  std::string key_id;
  LicenseSummary
      license;  ///< what it bridges; each entry still ends at its own expiry (SPEC BUF-6)
  Time since;   ///< the removal
  Time until;   ///< may lie in the past (SPEC BUF-3)
  bool operator==(const Buffer&) const = default;
};

/// What a removal would mean (SPEC BUF-9): a fresh run from the removal, or an inherited end.
struct Forecast {
  std::optional<Duration> runs;  ///< a fresh buffer of this length
  Time inherited{};              ///< otherwise it ends here, whenever the removal happens
  Time until(Time removal) const { return runs ? removal + *runs : inherited; }
  bool operator==(const Forecast&) const = default;
};

/// SPEC BUF-2, BUF-3, BUF-4. `history` is null when the key was never removed.
Forecast forecast_removal(const RemovalHistory* history, Time removal);

/// When the last entry ends; `until` caps every entry (SPEC BUF-6).
Time entries_until(const LicenseSummary& license, std::optional<Time> until = {});

/// True while some entry counts: its own window contains `now`, and `until` has not come.
bool usable(const LicenseSummary& license, Time now, std::optional<Time> until = {});

}  // namespace latchkey
