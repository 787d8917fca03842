#include "core/usbkey/buffer.h"

#include <algorithm>

namespace latchkey {

Forecast forecast_removal(const RemovalHistory* history, Time removal) {
  if (!history) return {kFirstBuffer, {}};
  if (removal - history->removed_at < kRemovalMemory) return {{}, history->buffer_until};
  return {kLaterBuffer, {}};
}

Time entries_until(const LicenseSummary& license, std::optional<Time> until) {
  Time last{};
  for (const auto& window : license.windows) last = std::max(last, window.not_after);
  return until ? std::min(last, *until) : last;
}

bool usable(const LicenseSummary& license, Time now, std::optional<Time> until) {
  if (until && now >= *until) return false;
  return std::any_of(license.windows.begin(), license.windows.end(), [now](const auto& window) {
    return window.not_before <= now && now < window.not_after;
  });
}

}  // namespace latchkey
