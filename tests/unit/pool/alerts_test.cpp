#include "core/pool/alerts.h"

#include <gtest/gtest.h>

#include "tests/unit/pool/deployment_fixture.h"

namespace latchkey {
namespace {

using test::base;
using test::day;
using test::Licensed;
using test::module;
using Ids = std::vector<std::string>;  // `severity id`

constexpr Duration kTick{1};

/// What is told of a deployment.
struct Story {
  Licensed deployment;
  Usage usage = {};
  std::vector<Fact> facts = {};
  std::optional<Error> store = {};
  std::vector<ClockAnomaly> clock = {};
  std::vector<Alert> before = {};
  std::string self = "node-a";
  std::optional<UpstreamTrouble> upstream = {};

  std::vector<Alert> tell() const {
    const auto entitlements = deployment.entitled();
    const auto figures = capacity(entitlements, usage, deployment.catalog);
    const std::map<std::string, std::string> names{{"node-a", "Anna"}};
    return alerts({{deployment.decision, entitlements, figures, deployment.catalog},
                   self,
                   names,
                   facts,
                   store ? &*store : nullptr,
                   clock,
                   before,
                   {},
                   upstream ? &*upstream : nullptr});
  }
  Ids ids() const {
    Ids out;
    for (const auto& alert : tell())
      out.push_back(std::string(to_string(alert.severity)) + " " + alert.id);
    return out;
  }
  Alert only() const {
    const auto told = tell();
    EXPECT_EQ(told.size(), 1u);
    return told.empty() ? Alert{} : told.front();
  }
};

// SPEC ALERT-1, SRV-3: it counts down, and then says that it is over.
Licensed licensed();
TEST(Alerts, TellOfALicenseServerThatIsAway) {
  Story story{licensed()};
  story.upstream = {day(1), day(2), {"server-unreachable", "Nobody answers.", "Look there."}};
  story.deployment.at(day(1));
  const auto waiting = story.only();
  EXPECT_EQ(waiting.id, "license-server-disconnected");
  EXPECT_EQ(waiting.severity, Severity::warning);
  EXPECT_EQ(waiting.since, day(1));
  EXPECT_EQ(waiting.until, day(2));
  EXPECT_EQ(waiting.cure, "Look there.");
  story.deployment.at(day(2));
  const auto over = story.only();
  EXPECT_EQ(over.severity, Severity::critical);
  EXPECT_FALSE(over.until);
}

Licensed licensed() { return Licensed().key(0, {base("kvm", 10, 0, 200)}); }

Licensed in_state(Licensed deployment, KeyState state, std::string reason) {
  deployment.decision.state = state;
  deployment.decision.reason = std::move(reason);
  deployment.decision.state_since = day(42);
  return deployment;
}

// SPEC ALERT-1: every banner of the rule
TEST(Alerts, StandForEveryBanner) {
  const auto with_service = [](int to) {
    return Licensed().key(
        0, {base("kvm", 10, 0, 200), module("after-sales-7x24", 1, 0, to, "deployment")});
  };
  auto unreachable = licensed();
  unreachable.decision.peer_unreachable = true;
  auto fault = in_state(licensed().pulled(130), KeyState::fault, "busy");
  const std::vector<std::pair<Story, Ids>> rows{
      {{licensed()}, {}},
      // license expiring, less than 15 days
      {{licensed().at(day(185))}, {}},
      {{licensed().at(day(185) + kTick)}, {"warning license-expiring:kvm"}},
      {{licensed().at(day(200) - kTick)}, {"warning license-expiring:kvm"}},
      {{licensed().at(day(200))}, {"critical license-expired:kvm"}},
      // after-sales expiring, less than 30 days
      {{with_service(130)}, {}},
      {{with_service(130).at(day(100) + kTick)}, {"warning after-sales-expiring:after-sales-7x24"}},
      {{with_service(100)}, {"warning license-expired:after-sales-7x24"}},
      // a renewal of the same object clears it
      {{licensed().at(day(200)).file("F", 1, {base("kvm", 1)})}, {}},
      {{licensed().file("F", 1, {module("cdp", 1, 0, 50, "vm")})}, {"warning license-expired:cdp"}},
      // over quota
      {{licensed(), {{{"kvm", "cpu-socket"}, 11}}}, {"critical over-quota"}},
      // the key
      {{Licensed()}, {"critical key-missing"}},
      {{Licensed().file("F", 0, {base("kvm", 1)})}, {}},  // never had a key, and needs none
      {{licensed().pulled(130)}, {"warning buffer-running", "warning key-missing"}},
      {{licensed().pulled(100)}, {"critical buffer-over", "critical key-missing"}},
      {{licensed().pulled(100).file("F", 1, {base("kvm", 1)})},
       {"warning buffer-over", "warning key-missing"}},
      {{licensed().at(day(201)).pulled_expired()},
       {"critical key-missing", "critical license-expired"}},
      {{in_state(licensed(), KeyState::abnormal, "keys-on-both-nodes")}, {"warning key-abnormal"}},
      {{fault}, {"warning buffer-running", "warning key-fault"}},
      {{in_state(Licensed(), KeyState::fault, "unreadable")}, {"critical key-fault"}},
      // the peer, the disk
      {{unreachable}, {"warning peer-unreachable"}},
      {{licensed(), {}, {}, Error{"store-failed", "disk full", ""}}, {"warning store-failed"}},
      // the clock
      {{licensed(), {}, {}, {}, {{"clock-ahead", day(90), "a wrong year", "set it"}}},
       {"warning clock-ahead"}},
  };
  for (const auto& [story, ids] : rows)
    EXPECT_EQ(story.ids(), ids) << format_time(story.deployment.decision.at) << " "
                                << testing::PrintToString(ids);
}

// SPEC ALERT-1: since, text and cure are there, and both nodes say the same.
TEST(Alerts, SayTheSameOnBothNodesAndOverTime) {
  Story story{licensed().at(day(190)).pulled(195)};
  story.facts = {{day(3), std::string(32, 'a'), 7, "node-a",
                  HistoryWarning{"history-restored", "this node's database was lost"}}};
  story.deployment.decision.state_since = day(189);
  auto before = story.tell();
  ASSERT_EQ(before.size(), 3u);
  for (const auto& alert : before) {
    EXPECT_FALSE(alert.text.empty() || alert.cure.empty()) << alert.id;
    EXPECT_LE(alert.since, day(190)) << alert.id;
  }
  story.deployment.at(day(191));
  EXPECT_EQ(story.tell(), before);
  story.self = "node-b";
  EXPECT_EQ(story.tell(), before);
}

TEST(Alerts, BeginWhenTheirCauseDid) {
  EXPECT_EQ(Story{licensed().at(day(190))}.only().since, day(185));
  EXPECT_EQ(Story{licensed().at(day(190))}.only().until, day(200));
  EXPECT_EQ(Story{licensed().at(day(300))}.only().since, day(200));
  EXPECT_EQ((Story{in_state(licensed(), KeyState::abnormal, "keys-on-both-nodes")}.only().since),
            day(42));
  Story unreachable{licensed()};
  unreachable.deployment.decision.peer_unreachable = true;
  unreachable.facts = {{day(50), "c", 1, "node-a", PeerLost{"node-b"}},
                       {day(60), "c", 2, "node-a", PeerLost{"node-b"}},
                       {day(61), "d", 1, "node-b", PeerLost{"node-a"}}};
  EXPECT_EQ(unreachable.only().since, day(60));
}

// SPEC ALERT-1, REQ-2: a machine that changes is told before the license ends over it
TEST(Alerts, NameTheMachineThatChanged) {
  Licensed deployment;
  deployment.file("F", 0, {base("kvm", 1)}).file("G", 0, {module("cdp", 1, 0, 200, "vm")});
  for (const auto& [id, stored] : deployment.documents) {  // more than the fixture's one factor
    auto document = stored->document;
    auto& binding = std::get<DeploymentBinding>(document.binding);
    binding.nodes[0].factors = {{"board-serial", "3"}, {"dmi-uuid", "1"}};
    binding.nodes.push_back({"node-b", {{"dmi-uuid", "7"}}});
    deployment.documents[id] = std::make_shared<const StoredLicense>(StoredLicense{id, document});
  }
  Story story{deployment};
  const auto told = [](int at, std::string node, const NodeFactors& factors) {
    return Fact{day(at), "c", 1, std::move(node), factors};
  };
  auto& members = story.deployment.decision.factors;
  members["node-a"].factors["board-serial"] = "3";
  members["node-b"] = {"here", {{"dmi-uuid", "7"}}, {}};
  EXPECT_EQ(story.ids(), Ids{});

  members["node-a"].factors["board-serial"] = "4";
  story.facts = {told(40, "node-a", {}),
                 told(50, "node-b", {}),
                 told(60, "node-a", {}),
                 {day(70), "c", 2, "node-a", NodeStopped{}}};
  const auto alert = story.only();
  EXPECT_EQ(alert.id, "machine-changed:node-a");
  EXPECT_EQ(alert.severity, Severity::warning) << "it still counts";
  EXPECT_EQ(alert.since, day(60));
  EXPECT_EQ(alert.text,
            "A machine is not what license F and 1 more describes: node Anna: board-serial changed "
            "(1 of 2 factors match, 1 needed).");
  EXPECT_FALSE(alert.cure.empty());
  story.self = "node-b";
  EXPECT_EQ(story.only(), alert);
  auto later = story;
  later.deployment.at(day(201));
  EXPECT_EQ(later.tell().back().text.find("1 more"), std::string::npos) << "G has expired";

  // The other machine goes as well, then all that is left of the first.
  members.erase("node-b");
  EXPECT_EQ(story.ids(), (Ids{"warning machine-changed:node-a", "warning machine-changed:node-b"}));
  members["node-a"].factors["dmi-uuid"] = "5";
  EXPECT_EQ(story.ids(), (Ids{"critical key-missing", "critical machine-changed:node-a",
                              "critical machine-changed:node-b"}));
  // What was ordered anew replaces it.
  story.deployment.file("new", 10, {base("kvm", 1)}, {"F", "G"});
  auto renewed = story.deployment.documents["new"]->document;
  std::get<DeploymentBinding>(renewed.binding).nodes = {
      {"node-a", {{"board-serial", "4"}, {"dmi-uuid", "5"}}}};
  story.deployment.documents["new"] =
      std::make_shared<const StoredLicense>(StoredLicense{"new", renewed});
  EXPECT_EQ(story.ids(), Ids{});
}

// Where no fact says since when: since it was said first.
TEST(Alerts, RememberSinceWhen) {
  Story story{licensed(), {{{"kvm", "cpu-socket"}, 11}}};
  story.before = story.tell();
  EXPECT_EQ(story.only().since, day(100));
  story.deployment.at(day(105));
  EXPECT_EQ(story.only().since, day(100));
  EXPECT_NE(story.only().text.find("ZStack Cloud by 1 CPU socket"), std::string::npos);
}

// SPEC BUF-6: a buffer that ends with its license is no reason to look for the key.
TEST(Alerts, ABufferThatEndsWithItsLicenseIsAnExpiredLicense) {
  EXPECT_EQ((Story{licensed().pulled(250).at(day(200))}.ids()),
            (Ids{"critical key-missing", "critical license-expired:kvm"}));
  EXPECT_EQ(Story{licensed().pulled(250)}.tell().front().until, day(200));
}

TEST(Alerts, OfTheHistoryEndAfterAMonth) {
  Story story{licensed().at(day(29))};
  story.facts = {{day(0), "abcdef0123", 7, "node-a", HistoryWarning{"history-forked", "x"}},
                 {day(1), "abcdef0123", 8, "node-a", HistoryWarning{"history-forked", "y"}}};
  EXPECT_EQ(story.ids(),
            (Ids{"warning history-forked:abcdef01-7", "warning history-forked:abcdef01-8"}));
  story.deployment.at(day(30));
  EXPECT_EQ(story.ids(), (Ids{"warning history-forked:abcdef01-8"}));
}

}  // namespace
}  // namespace latchkey
