#include "core/deployment/license_clock.h"

// What is told of a license clock. Texts say days, not instants: they stay the same while the
// anomaly lasts.
namespace latchkey {
namespace {

std::string in_days(Duration apart) {
  const auto days = std::chrono::round<std::chrono::days>(apart).count();
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

constexpr char kRepairCure[] =
    " If the clock is right, license time is wrong: ask the vendor for a time repair document.";

ClockAnomaly ahead(const Suspicion& suspicion, Time license) {
  return {
      "clock-ahead", suspicion.since,
      "This machine's clock is " + in_days(suspicion.claimed - license) +
          " ahead of what can have passed. License time goes on without it, and no license "
          "is used up by the jump.",
      "Correct the clock (`timedatectl`). If it is right, nothing is to do: it is believed once "
      "the machine has run with it for 72 hours, at once when the other node agrees."};
}

ClockAnomaly behind(Time since, Duration by) {
  return {"clock-behind", since,
          "This machine's clock is " + in_days(by) +
              " behind license time, which never goes back and goes on by itself.",
          std::string("Correct the clock (`timedatectl`).") + kRepairCure};
}

ClockAnomaly peer_ahead(Time since, Duration by) {
  return {"peer-clock-ahead", since,
          "The other node's license time is " + in_days(by) +
              " ahead of this node's. What it writes is not taken in until the two agree.",
          "Correct the clock of the node that is wrong (`timedatectl`); they agree at once when "
          "this node's clock says what the other node's license time is." +
              std::string(kRepairCure)};
}

ClockAnomaly differ(Time since) {
  return {"clocks-differ", since, "The clocks of the two nodes are more than 15 minutes apart.",
          "Let both nodes get their time from the same NTP servers (`timedatectl`)."};
}

void note(std::optional<Time>& since, bool present, Time now) {
  if (!present)
    since.reset();
  else if (!since)
    since = now;
}

}  // namespace

void LicenseClock::note_anomalies() {
  note(behind_, license_ - now_.wall > kClockSkew, license_);
  const auto apart = peer_ ? peer_now(peer_->times.wall) - now_.wall : Duration(0);
  note(differ_, apart > kClocksDiffer || apart < -kClocksDiffer, license_);
}

std::vector<ClockAnomaly> LicenseClock::anomalies() const {
  std::vector<ClockAnomaly> out;
  if (suspicion_) out.push_back(ahead(*suspicion_, license_));
  if (behind_) out.push_back(behind(*behind_, license_ - now_.wall));
  if (peer_ahead_ && peer_)
    out.push_back(peer_ahead(*peer_ahead_, peer_now(peer_->times.license) - license_));
  if (differ_) out.push_back(differ(*differ_));
  return out;
}

}  // namespace latchkey
