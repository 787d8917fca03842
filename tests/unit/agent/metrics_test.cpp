#include "agent/app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latchkey {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Time kNow{std::chrono::hours(24 * 365 * 56)};

LicenseEntry entry(Time ends, std::string object) {
  return {std::move(object), "cpu-socket", 10, EntryKind::base, {kNow - kDay, ends}, {}};
}

/// Of an agent that has done nothing yet.
struct Running {
  net::Traffic traffic;
  CommitFigures commits;
  LeaseCommits lease_commits;
  RunningFigures figures{traffic, commits, lease_commits, {}, true, 0, {}};
};

std::string text_of(const StatusView& view, Time now) {
  const Running running;
  return metrics_text(view, running.figures, now);
}

/// One license with the same entry twice, one that has ended, and one that counts for nothing.
StatusView view_of_licenses() {
  LicenseDocument document;
  document.id = "L-1";
  document.entries = {entry(kNow + kDay, "kvm"), entry(kNow + kDay, "kvm"),
                      entry(kNow - std::chrono::seconds(90), "zns"), entry(kNow + kDay, "odd")};
  const auto license = std::make_shared<const StoredLicense>(StoredLicense{"hash", document});
  StatusView view;
  view.decision.at = kNow;
  for (const auto& one : license->document.entries)
    view.entitlements.entries.push_back(
        {license, &one, LicenseSource::file, one.validity.not_after, EntryStatus::valid, ""});
  view.entitlements.entries[2].status = EntryStatus::expired;
  view.entitlements.entries[3].status = EntryStatus::superseded;
  view.entitlements.usable = true;
  view.capacity = capacity(view.entitlements, {}, default_catalog());
  return view;
}

// SPEC ALERT-2: seconds to expiry per entry, each a series of its own
TEST(Metrics, CountDownEveryEntry) {
  const auto text = text_of(view_of_licenses(), kNow + std::chrono::seconds(400));
  const std::string start = "latchkey_entry_expiry_seconds{license=\"L-1\",entry=\"";
  EXPECT_THAT(text, HasSubstr(start + "0\",object=\"kvm\",unit=\"cpu-socket\"} 86000\n"));
  EXPECT_THAT(text, HasSubstr(start + "1\",object=\"kvm\",unit=\"cpu-socket\"} 86000\n"));
  EXPECT_THAT(text, HasSubstr(start + "2\",object=\"zns\",unit=\"cpu-socket\"} -490\n"));
  EXPECT_THAT(text, Not(HasSubstr(start + "3")));
  EXPECT_THAT(text, HasSubstr("latchkey_pool_licensed{object=\"kvm\",unit=\"cpu-socket\"} 20\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_usable 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_key_state{state=\"Missing\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_key_state{state=\"Ready\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("latchkey_buffer_remaining_seconds")));
}

TEST(Metrics, ABufferThatIsOverHasNothingLeft) {
  StatusView view;
  view.decision.buffer =
      Buffer{"K", {"d", "L", kNow, {{kNow, kNow + 9 * kDay}}}, kNow, kNow + kDay};
  EXPECT_THAT(text_of(view, kNow), HasSubstr("latchkey_buffer_remaining_seconds 86400\n"));
  EXPECT_THAT(text_of(view, kNow + 2 * kDay), HasSubstr("latchkey_buffer_remaining_seconds 0\n"));
}

// SPEC SEC-3: a name cannot forge a series.
TEST(Metrics, QuoteWhatOthersNamed) {
  StatusView view;
  view.alerts = {{"a\"} 1\nforged\\", Severity::warning, kNow, {}, "", ""}};
  EXPECT_THAT(text_of(view, kNow),
              HasSubstr("latchkey_alert{id=\"a\\\"} 1\\nforged\\\\\",severity=\"warning\"} 1\n"));
}

// No series is named after a consumer: anybody may make as many of them as they like.
TEST(Metrics, CountTheConsumersOfAnAlert) {
  StatusView view;
  const auto low = [](const std::string& consumer) {
    return Alert{"low-water:" + consumer + ":kvm:host", Severity::warning, kNow, {}, "", ""};
  };
  view.alerts = {low("a"), low("b:c"), {"over-quota", Severity::critical, kNow, {}, "", ""}};
  const auto text = text_of(view, kNow);
  EXPECT_THAT(text,
              HasSubstr("latchkey_alert{id=\"low-water:kvm:host\",severity=\"warning\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_alert{id=\"over-quota\",severity=\"critical\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("b:c")));
}

TEST(Metrics, TellOfThePeer) {
  StatusView view;
  view.peer.link = LinkState::up;
  Running running;
  EXPECT_THAT(metrics_text(view, running.figures, kNow),
              Not(HasSubstr("latchkey_peer_heartbeat_age_seconds")))
      << "nothing was heard yet";
  running.figures.peer = PeerLag{std::chrono::milliseconds(1500), 7, 2};
  const auto text = metrics_text(view, running.figures, kNow);
  EXPECT_THAT(text, HasSubstr("latchkey_peer_heartbeat_age_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_peer_facts_behind{node=\"this\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_peer_facts_behind{node=\"other\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_peer_state{state=\"reachable\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_peer_state{state=\"unreachable\"} 0\n"));
}

TEST(Metrics, TellOfTheClock) {
  StatusView view;
  view.clock = {kNow, kNow - std::chrono::hours(1), {{"clock-behind", kNow, "", ""}}};
  const auto text = text_of(view, kNow);
  EXPECT_THAT(text, HasSubstr("latchkey_clock_anomaly{code=\"clock-behind\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_clock_anomaly{code=\"clock-ahead\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_clock_offset_seconds -3600\n"));
}

TEST(Metrics, CountRequestsByRouteAndStatus) {
  Running running;
  auto& status = running.traffic.of("GET", "/v1/status");
  status.count(200);
  status.took.add(std::chrono::microseconds(20));
  running.traffic.of("PUT", "/v1/consumers/{id}/usage");
  running.traffic.turned_away().count(404);
  const auto text = metrics_text({}, running.figures, kNow);
  const auto requests = [](const std::string& method, const std::string& route,
                           const std::string& code) {
    return "latchkey_http_requests_total{method=\"" + method + "\",route=\"" + route +
           "\",code=\"" + code + "\"} ";
  };
  EXPECT_THAT(text, HasSubstr(requests("GET", "/v1/status", "2xx") + "1\n"));
  EXPECT_THAT(text, HasSubstr(requests("GET", "/v1/status", "5xx") + "0\n"))
      << "the first failure has to be an increase";
  EXPECT_THAT(text, HasSubstr(requests("PUT", "/v1/consumers/{id}/usage", "2xx") + "0\n"));
  EXPECT_THAT(text, HasSubstr(requests("none", "none", "4xx") + "1\n"));
  const std::string took = "latchkey_http_request_duration_seconds_";
  EXPECT_THAT(text, HasSubstr(took + "count{method=\"GET\",route=\"/v1/status\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr(took + "count{method=\"PUT\"")));
}

TEST(Metrics, CountCommits) {
  Running running;
  running.commits.add(true, std::chrono::microseconds(300));
  running.commits.add(false, std::chrono::seconds(20));
  running.lease_commits = {3, 1};
  running.figures.recording = false;
  const auto text = metrics_text({}, running.figures, kNow);
  EXPECT_THAT(text, HasSubstr("latchkey_lease_commits_total{result=\"done\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_lease_commits_total{result=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_store_commits_total{result=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_store_commit_duration_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_recording 0\n"));
}

}  // namespace
}  // namespace latchkey
