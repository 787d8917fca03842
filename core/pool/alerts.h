#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/deployment/fact.h"
#include "core/deployment/license_clock.h"
#include "core/pool/policy.h"

namespace latchkey {

enum class Severity {
  info,
  warning,   ///< protection holds; somebody has to do something
  critical,  ///< something is denied now
};
std::string_view to_string(Severity severity);  ///< `info`, `warning`, `critical`

/// What people are told until it is over (SPEC ALERT-1).
struct Alert {
  /// `license-expiring:kvm`: what it is, and of what. The same over time and on both nodes, so that
  /// whoever has seen it can say so; docs/operations.md has the list.
  std::string id;
  Severity severity = Severity::warning;
  Time since;                 ///< when it began
  std::optional<Time> until;  ///< when what it warns of happens: faces count down to it
  std::string text;           ///< does not change with time
  std::string cure;
  bool operator==(const Alert&) const = default;
};

/// A consumer that can get less than its low-water mark (SPEC POOL-8).
struct LowWater {
  std::string consumer;
  PoolId pool;
  std::uint64_t left = 0;  ///< what it can still get
  std::uint64_t mark = 0;
};

/// A license server that this site draws from and does not reach (SPEC SRV-3).
struct UpstreamTrouble {
  Time since;
  Time good_until;  ///< what is held counts until then
  Error why;
};

/// Refers to values that outlive it.
struct AlertInput {
  Standing standing;
  std::string_view self;  ///< this node's id: the peer is unreachable as it sees it
  const std::map<std::string, std::string>& names;  ///< node id -> what people call it
  std::span<const Fact> facts;          ///< for what happened to the history; in canonical order
  const Error* store = nullptr;         ///< why the disk refuses; null: it does not
  std::span<const ClockAnomaly> clock;  ///< what is wrong with this node's clock, or the peer's
  std::span<const Alert> before;    ///< what was said last: tells since when, where no fact does
  std::span<const LowWater> low{};  ///< at most kMaxLowWaterAlerts of them are told
  const UpstreamTrouble* upstream = nullptr;  ///< null: none
};

inline constexpr std::size_t kMaxLowWaterAlerts = 32;

/// How long a damaged history is told; it stays in the records for good.
inline constexpr Duration kHistoryAlertLife = 30 * kDay;

/// Pure; the most severe first, then by id.
std::vector<Alert> alerts(const AlertInput& input);

}  // namespace latchkey
