#include "agent/app/metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "agent/app/metrics_running.h"
#include "agent/telemetry/exposition.h"

namespace latchkey {
namespace {

std::int64_t seconds(Duration span) {
  return std::chrono::floor<std::chrono::seconds>(span).count();
}

/// One series for each of `all`, 1 for those that hold.
template <class States, class Holds>
void add_states(Exposition& page, std::string_view label, const States& all, Holds holds) {
  for (const std::string_view state : all) page.sample(holds(state) ? 1 : 0, {{label, state}});
}

void add_state(Exposition& page, const StatusView& view, bool recording, Time now) {
  const auto& decision = view.decision;
  page.gauge("latchkey_usable", "Whether some license counts now.");
  page.sample(view.entitlements.usable ? 1 : 0);
  page.gauge("latchkey_over_quota", "Whether more is used than is licensed.");
  page.sample(view.capacity.over_quota ? 1 : 0);
  page.gauge("latchkey_recording", "Whether the disk takes what happens; 0: it refuses.");
  page.sample(recording ? 1 : 0);
  page.gauge("latchkey_key_state", "1 for the state of the USB key.");
  for (const auto state : {KeyState::ready, KeyState::missing, KeyState::abnormal, KeyState::fault})
    page.sample(state == decision.state ? 1 : 0, {{"state", to_string(state)}});
  if (!decision.buffer) return;
  const auto end = entries_until(decision.buffer->license, decision.buffer->until);
  page.gauge("latchkey_buffer_remaining_seconds",
             "Until the buffer license ends; 0 when it is over; absent when there is none.");
  page.sample(seconds(std::max(end - now, Duration(0))));
}

/// Alerts that differ by the consumer that they name share a series.
std::string series_of(const Alert& alert) {
  constexpr std::string_view kLowWater = "low-water:";
  if (!alert.id.starts_with(kLowWater)) return alert.id;
  const auto unit = alert.id.rfind(':');
  const auto object = alert.id.rfind(':', unit - 1);
  return std::string(kLowWater) + alert.id.substr(object + 1);
}

void add_alerts(Exposition& page, const StatusView& view) {
  std::map<std::pair<std::string, std::string_view>, std::uint64_t> standing;
  for (const auto& alert : view.alerts) ++standing[{series_of(alert), to_string(alert.severity)}];
  page.gauge("latchkey_alert", "Alerts that stand, by what they are about.");
  for (const auto& [alert, count] : standing)
    page.sample(count, {{"id", alert.first}, {"severity", alert.second}});
}

void add_entries(Exposition& page, const StatusView& view, Time now) {
  page.gauge("latchkey_entry_expiry_seconds",
             "Until an entry of a license stops counting; negative once it has expired.");
  for (const auto& entitled : view.entitlements.entries) {
    if (!entitled.counts() && entitled.status != EntryStatus::expired) continue;
    const auto& document = entitled.license->document;
    // Two entries of one document may be alike in everything else.
    const auto index = std::to_string(entitled.entry - document.entries.data());
    page.sample(seconds(entitled.ends - now), {{"license", document.id},
                                               {"entry", index},
                                               {"object", entitled.entry->object},
                                               {"unit", entitled.entry->unit}});
  }
}

void add_pools(Exposition& page, const StatusView& view) {
  const auto add = [&](std::string_view name, std::string_view help, auto figure) {
    page.gauge(name, help);
    for (const auto& [id, pool] : view.capacity.pools)
      page.sample(figure(pool), {{"object", id.object}, {"unit", id.unit}});
  };
  add("latchkey_pool_licensed", "What is licensed and counts now: the pool's total.",
      [](const Pool& pool) { return pool.total; });
  add("latchkey_pool_used", "What consumers use.", [](const Pool& pool) { return pool.used; });
  add("latchkey_pool_available", "What a consumer can still get.",
      [](const Pool& pool) { return pool.available; });
  add("latchkey_pool_reserved", "What is kept for consumers that do not use it.",
      [](const Pool& pool) { return pool.reserved; });
  add("latchkey_pool_over", "What is used beyond what is licensed.",
      [](const Pool& pool) { return pool.over; });
  page.gauge("latchkey_leases", "Consumers that hold a lease.");
  page.sample(view.consumption.leases);
}

void add_clock(Exposition& page, const ClockView& clock) {
  constexpr std::array<std::string_view, 4> kCodes{"clock-ahead", "clock-behind",
                                                   "peer-clock-ahead", "clocks-differ"};
  page.gauge("latchkey_clock_anomaly",
             "1 for what is wrong with this node's clock or the other's.");
  add_states(page, "code", kCodes, [&](std::string_view code) {
    return std::ranges::find(clock.anomalies, code, &ClockAnomaly::code) != clock.anomalies.end();
  });
  page.gauge("latchkey_clock_offset_seconds", "This machine's clock less license time.");
  page.sample(seconds(clock.wall - clock.license));
}

void add_peer(Exposition& page, const StatusView& view, const std::optional<PeerLag>& lag) {
  constexpr std::array<std::string_view, 4> kStates{"none", "reachable", "holding", "unreachable"};
  page.gauge("latchkey_peer_state",
             "1 for the other node's state; holding: silent, and its last report is in force.");
  add_states(page, "state", kStates,
             [state = peer_state(view)](std::string_view one) { return one == state; });
  if (!lag) return;
  page.gauge("latchkey_peer_heartbeat_age_seconds", "Since the other node's latest heartbeat.");
  page.sample(std::chrono::duration<double>(lag->silent).count());
  page.gauge("latchkey_peer_facts_behind",
             "Facts that one node lacks of the other's, by what was heard last.");
  page.sample(lag->we_lack, {{"node", "this"}});
  page.sample(lag->they_lack, {{"node", "other"}});
}

}  // namespace

std::string metrics_text(const StatusView& view, const RunningFigures& running, Time now) {
  Exposition page;
  page.gauge("latchkey_build_info", "1, by the agent's version.");
  page.sample(1, {{"version", view.version}});
  add_state(page, view, running.recording, now);
  add_alerts(page, view);
  add_entries(page, view, now);
  add_pools(page, view);
  add_clock(page, view.clock);
  add_peer(page, view, running.peer);
  add_running(page, running);
  return page.take();
}

}  // namespace latchkey
