#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/deployment/fact.h"

namespace latchkey {

/// What a machine's clocks say at one instant.
struct ClockReading {
  Time wall;
  Duration boot{};      ///< CLOCK_BOOTTIME: since the machine started, suspended time included
  std::string boot_id;  ///< which start that was; empty: unknown, so as good as another one
};

/// What a node tells its peer of its time (docs/protocol-peer.md).
struct NodeTimes {
  Time license;
  Time wall;
  bool operator==(const NodeTimes&) const = default;
};

/// A wall clock that is further ahead than anything explains (SPEC TIME-2).
struct Suspicion {
  Time since;          ///< license time when it began
  Time claimed;        ///< the wall clock when it was read last
  Duration endured{};  ///< how long the machine has run with that claim
  bool operator==(const Suspicion&) const = default;
};

/// What a license clock must not forget over a restart.
struct ClockMemory {
  Time floor;             ///< license time when this was taken
  Duration boot{};        ///< CLOCK_BOOTTIME then
  std::string boot_id{};  ///< of that start
  bool anchored = false;  ///< floor is more than a guess: a clock was believed once
  bool settled = false;   ///< one was believed since the machine started
  Duration stretched{};   ///< as LicenseClock::stretched_
  std::optional<Suspicion> suspicion{};
  bool operator==(const ClockMemory&) const = default;
};
/// Canonical JSON.
std::string serialise(const ClockMemory& memory);
/// Hostile: somebody may have edited the database. Error: `invalid-format`.
Result<ClockMemory> parse_clock_memory(std::string_view text);

/// Something about clocks that people must know of. `code`: `clock-ahead`, `clock-behind`,
/// `peer-clock-ahead`, `clocks-differ`.
struct ClockAnomaly {
  std::string code;
  Time since;
  std::string text;
  std::string cure;
  bool operator==(const ClockAnomaly&) const = default;
};

/// SPEC TIME-3: a step of a clock that needs no explanation.
inline constexpr Duration kClockSkew = std::chrono::hours(24);
/// The longest absence that a wall clock is believed after the machine was off.
inline constexpr Duration kClockGap = 14 * kDay;
/// How long a machine has to run with a claim until it is believed without other evidence.
inline constexpr Duration kClockPatience = std::chrono::hours(72);
/// From when on two nodes that are linked are told that their clocks differ.
inline constexpr Duration kClocksDiffer = std::chrono::minutes(15);
/// A peer that said nothing for so long is no witness any more.
inline constexpr Duration kPeerMemory = std::chrono::minutes(1);
/// No agent is older: a wall clock before this was never set.
inline constexpr Time kFirstDay = std::chrono::sys_days(std::chrono::January / 1 / 2026);

/// License time of one node (SPEC TIME-1…3): max(wall clock, floor + boot-time clock, the peer's
/// license time, newest verified issue date), never backward. A wall clock or a peer that is
/// further ahead than expected is quarantined: license time goes on without it until evidence
/// agrees, the claim is withdrawn, or patience ends (docs/decisions). No I/O: readings come in.
class LicenseClock {
 public:
  /// `newest_fact`: the date of the newest fact known here, which was license time once.
  LicenseClock(std::optional<ClockMemory> memory, std::optional<Time> newest_fact);

  /// License time now.
  Time advance(const ClockReading& now);

  /// What the peer says; it goes on from here with our boot clock for kPeerMemory.
  void hear_peer(const NodeTimes& peer, const ClockReading& now);
  /// A document of a trusted signer bears this date.
  void believe_issued(Time issued);
  /// The vendor says that license time went wrong (core/license/time_repair.h); the one way back.
  void repair(Time time, const ClockReading& now);

  /// How license time went forward by more than kClockSkew at once, since the last call.
  std::optional<ClockJumped> take_jump() { return std::exchange(jump_, std::nullopt); }
  /// The peer's license time is more than kClockSkew behind ours.
  bool is_ahead_of_peer() const;

  ClockMemory memory() const;
  std::vector<ClockAnomaly> anomalies() const;

 private:
  struct Peer {
    NodeTimes times;
    Duration boot{};  ///< our boot clock when it said so
  };
  void pass(const ClockReading& now);
  void look_at_peer();
  void look_at_wall();
  void suspect();
  void take(Time time, bool on_trust);
  void note_anomalies();
  Duration tolerance() const;
  bool peer_contradicts() const;
  Time peer_now(Time then) const { return then + (now_.boot - peer_->boot); }

  bool anchored_ = false;  ///< there is something to compare a wall clock with
  bool settled_ = false;   ///< this start's wall clock was believed once: no absence is left
  Time license_{};
  Time issued_{};
  Time written_{};        ///< the newest fact at the start
  Duration stretched_{};  ///< steps forward taken on trust; wears off while the machine runs
  std::optional<Suspicion> suspicion_;
  std::optional<Peer> peer_;
  std::optional<ClockJumped> jump_;
  ClockReading now_;            ///< the latest reading
  bool remembers_ = true;       ///< there is a reading before the first
  Duration ran_{};              ///< between the latest two
  bool other_boot_ = true;      ///< the machine was started between them
  std::optional<Time> behind_;  ///< license time since when: each anomaly that is not the suspicion
  std::optional<Time> peer_ahead_;
  std::optional<Time> differ_;
};

}  // namespace latchkey
