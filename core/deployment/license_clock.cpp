#include "core/deployment/license_clock.h"

#include <algorithm>
#include <utility>

namespace latchkey {
namespace {

/// Steps taken on trust are forgotten at this fraction of the time that passes, so that many small
/// ones (somebody else's NTP server) cannot add up to a wrong year.
constexpr int kWearOff = 3;

bool near(Time a, Time b, Duration limit) { return a - b <= limit && b - a <= limit; }

}  // namespace

LicenseClock::LicenseClock(std::optional<ClockMemory> memory, std::optional<Time> newest_fact)
    : anchored_(memory ? memory->anchored : newest_fact.has_value()) {
  if (newest_fact) written_ = *newest_fact;
  if (!memory) {
    license_ = written_;
    remembers_ = false;
    return;
  }
  license_ = memory->floor;
  settled_ = memory->settled;
  stretched_ = memory->stretched;
  suspicion_ = memory->suspicion;
  now_ = {{}, memory->boot, memory->boot_id};
}

/// Moves on by what the machine surely ran since the latest reading.
void LicenseClock::pass(const ClockReading& now) {
  other_boot_ = now.boot_id.empty() || now.boot_id != now_.boot_id || now.boot < now_.boot;
  ran_ = other_boot_ ? now.boot : now.boot - now_.boot;
  // The newest fact may be of this very start: then the uptime before it is in its date already.
  if (!std::exchange(remembers_, true)) ran_ = Duration(0);
  if (other_boot_) settled_ = false;
  now_ = now;
  license_ += ran_;
  stretched_ = std::max(Duration(0), stretched_ - ran_ / kWearOff);
}

Time LicenseClock::advance(const ClockReading& now) {
  pass(now);
  // A fact may be newer than the memory, and its time is in what the machine ran since.
  license_ = std::max({license_, issued_, written_, kFirstDay});
  look_at_peer();
  look_at_wall();
  // Only now: while this machine was suspended the peer's word stood.
  if (peer_ && now_.boot - peer_->boot > kPeerMemory) peer_.reset();
  note_anomalies();
  return license_;
}

/// How far ahead a clock may be of what is expected.
Duration LicenseClock::tolerance() const {
  if (settled_) return std::max(Duration(0), kClockSkew - stretched_);
  return anchored_ ? kClockGap : Duration::max();
}

void LicenseClock::take(Time time, bool on_trust) {
  if (on_trust && settled_) stretched_ += time - license_;
  if (anchored_ && time - license_ > kClockSkew)
    jump_ = ClockJumped{jump_ ? jump_->from : license_, time};
  license_ = time;
  anchored_ = settled_ = true;
}

void LicenseClock::look_at_peer() {
  if (!peer_) return peer_ahead_.reset();
  const Time theirs = peer_now(peer_->times.license);
  const bool both_agree = near(now_.wall, theirs, kClockSkew);
  const bool ahead = theirs > license_;
  if (ahead && !both_agree && theirs - license_ > tolerance()) {
    if (!peer_ahead_) peer_ahead_ = license_;
    return;
  }
  peer_ahead_.reset();
  if (ahead) take(theirs, !both_agree);
}

void LicenseClock::look_at_wall() {
  const auto ahead = now_.wall - license_;
  if (ahead > tolerance()) return suspect();
  suspicion_.reset();
  if (ahead > Duration(0))
    take(now_.wall, true);
  else if (ahead >= -kClockSkew && now_.wall >= kFirstDay)
    anchored_ = settled_ = true;
}

/// The peer's wall clock is another witness: endurance against it counts for nothing.
bool LicenseClock::peer_contradicts() const {
  return peer_ && !near(peer_now(peer_->times.wall), now_.wall, kClockSkew);
}

void LicenseClock::suspect() {
  const auto moved = suspicion_ ? now_.wall - suspicion_->claimed - ran_ : Duration::max();
  const bool same_claim = moved >= -kClockSkew && moved <= (other_boot_ ? kClockGap : kClockSkew);
  if (!same_claim)
    suspicion_ = Suspicion{license_, now_.wall, {}};
  else if (!peer_contradicts())
    suspicion_->endured += ran_;
  suspicion_->claimed = now_.wall;
  if (suspicion_->endured < kClockPatience) return;
  suspicion_.reset();
  stretched_ = {};
  take(now_.wall, false);
}

void LicenseClock::hear_peer(const NodeTimes& peer, const ClockReading& now) {
  peer_ = Peer{peer, now.boot};
  advance(now);
}

bool LicenseClock::is_ahead_of_peer() const {
  return peer_ && license_ - peer_now(peer_->times.license) > kClockSkew;
}

void LicenseClock::believe_issued(Time issued) { issued_ = std::max(issued_, issued); }

void LicenseClock::repair(Time time, const ClockReading& now) {
  pass(now);
  license_ = time;
  issued_ = {};
  written_ = {};
  stretched_ = {};
  suspicion_.reset();
  // The document was on its way for a while, as if the machine had been off.
  anchored_ = true;
  settled_ = false;
}

ClockMemory LicenseClock::memory() const {
  return {license_, now_.boot, now_.boot_id, anchored_, settled_, stretched_, suspicion_};
}

}  // namespace latchkey
