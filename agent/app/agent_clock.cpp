#include "agent/app/agent_clock.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <utility>

#include "agent/app/fact_log.h"
#include "core/deployment/repaired_dates.h"

namespace latchkey {
namespace {

constexpr Duration kKeepEvery = std::chrono::minutes(5);

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

LicenseClock clock_of(const StoreContents& contents) {
  auto memory = parse_clock_memory(contents.clock);
  auto facts = facts_of(contents.facts);
  if (auto repaired = with_repaired_dates(facts)) facts = std::move(repaired->facts);
  std::optional<Time> newest;
  for (const auto& fact : facts) newest = std::max(newest.value_or(Time{}), fact.at);
  return LicenseClock(memory ? std::optional(std::move(*memory)) : std::nullopt, newest);
}

}  // namespace

ClockReading read_clocks() {
  static const std::string kBootId = boot_id();  // the same while this process lives
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  return {std::chrono::floor<Duration>(std::chrono::system_clock::now()),
          std::chrono::floor<Duration>(std::chrono::seconds(boot.tv_sec) +
                                       std::chrono::nanoseconds(boot.tv_nsec)),
          kBootId};
}

std::uint32_t boot_seconds() {
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  return static_cast<std::uint32_t>(boot.tv_sec) + 1;
}

AgentClock::AgentClock(const StoreContents& contents, Read read)
    : read_(std::move(read)), clock_(clock_of(contents)) {}

Time AgentClock::repair(Time time) {
  clock_.repair(time, read_());
  const Time license = now();
  clock_.take_jump();  // from what the document tells to what the clock says: both are right
  kept_at_.reset();
  return license;
}

NodeTimes AgentClock::times() const {
  const auto reading = read_();
  return {clock_.advance(reading), reading.wall};
}

ClockView AgentClock::view() const {
  const auto [license, wall] = times();
  return {license, wall, clock_.anomalies()};
}

void AgentClock::believe_licenses(const Decision& decision, const std::string& self) {
  for (const auto& key : decision.keys)
    if (key.node == self && key.reading.works() && key.reading.license)
      clock_.believe_issued(key.reading.license->issued);
  for (const auto& kept : decision.kept)
    if (kept.node == self) clock_.believe_issued(kept.license.issued);
}

std::optional<std::string> AgentClock::memory_due() {
  const Time license = now();
  const auto anomalies = clock_.anomalies().size();
  if (kept_at_ && license - *kept_at_ < kKeepEvery && anomalies == kept_anomalies_)
    return std::nullopt;
  kept_at_ = license;
  kept_anomalies_ = anomalies;
  return memory();
}

}  // namespace latchkey
