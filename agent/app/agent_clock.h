#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/store/fact_store.h"
#include "core/deployment/decision.h"
#include "core/deployment/license_clock.h"

namespace latchkey {

/// This machine's clocks, now.
ClockReading read_clocks();
/// Of the boot-time clock, which counts on while the machine sleeps; from 1.
std::uint32_t boot_seconds();

/// What GET /v1/status shows of time.
struct ClockView {
  Time license;
  Time wall;
  std::vector<ClockAnomaly> anomalies;
};

/// License time on this machine (SPEC TIME-1…3): the Clock of everything that decides. Logs keep
/// wall time. Reactor thread only.
class AgentClock final : public Clock {
 public:
  using Read = std::function<ClockReading()>;
  /// With what the database kept. A memory that cannot be read counts as none: the facts are a
  /// floor as well.
  explicit AgentClock(const StoreContents& contents, Read read = read_clocks);

  /// Reads the clocks.
  Time now() const override { return clock_.advance(read_()); }
  std::optional<ClockJumped> take_jump() { return clock_.take_jump(); }
  bool is_ahead_of_peer() const { return clock_.is_ahead_of_peer(); }
  /// Takes license time back to `time`, or to this machine's clock if that is later; what it is
  /// then (SPEC TIME-2).
  Time repair(Time time);
  NodeTimes times() const;
  ClockView view() const;

  void hear_peer(const NodeTimes& theirs) { clock_.hear_peer(theirs, read_()); }
  void believe_issued(Time issued) { clock_.believe_issued(issued); }
  /// The licenses that this node itself verified: on its keys and those installed here. What the
  /// peer says of others is its word, no evidence.
  void believe_licenses(const Decision& decision, const std::string& self);

  /// The memory to keep, if the last one is older than some minutes or an anomaly came or went
  /// since: a machine that loses its power loses no more license time than that.
  std::optional<std::string> memory_due();
  std::string memory() const { return serialise(clock_.memory()); }

 private:
  Read read_;
  mutable LicenseClock clock_;
  std::optional<Time> kept_at_;
  std::size_t kept_anomalies_ = 0;
};

}  // namespace latchkey
