#include "agent/app/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/app/records.h"
#include "core/usbkey/explain.h"
#include "tests/support/fake_store.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Time kToday{std::chrono::hours(24 * 365 * 30 + 12)};
const DeploymentId kDeployment(64, 'd');

struct Sink final : net::EventSink {
  bool send(std::string_view, std::string_view data) override {
    if (alive) states.push_back(Json::parse(data).at("state"));
    return alive;
  }
  bool open() const override { return alive; }
  std::vector<std::string> states;
  bool alive = true;
};

class PublisherTest : public testing::Test {
 protected:
  PublisherTest() {
    publisher_.publish(log_);
    publisher_.watch(sink_);
  }
  Json status() const { return Json::parse(*publisher_.snapshot().status); }
  void read_key(const std::string& port, std::optional<KeyFault> fault = {}, Time from = kToday) {
    KeyReading reading;
    reading.key_id = "LK-" + port;
    reading.fault = fault;
    std::vector<Document> documents;
    if (!fault) {
      const auto document = license(40, from);
      const auto hash = "doc " + format_time(from);
      documents.push_back({hash, vendor_.seal(document)});
      reading.license = summarise(document, hash);
    }
    log_.witness([&](Witness& w, Time now) { w.key_read(now, port, "hidkey", reading); },
                 std::move(documents));
  }
  static LicenseDocument license(int days, Time from = kToday) {
    auto document = test::SampleVendor::license(key_id(as_bytes("key")));
    document.issued = from;
    document.entries[0].validity = {from, from + days * kDay};
    return document;
  }
  std::vector<std::string> alert_ids() const {
    std::vector<std::string> ids;
    const auto now = status();
    for (const auto& alert : now.at("alerts")) ids.push_back(alert.at("id"));
    return ids;
  }
  void remove_key(const std::string& port) {
    log_.witness([&](Witness& w, Time now) { w.key_gone(now, port); });
  }

  const test::SampleVendor vendor_{};
  test::ManualReactor reactor_;
  test::FakeStore store_;
  FixedClock clock_{kToday};
  bool reading_ = false;
  ClockView view_clock_{};
  std::vector<DeviceWithoutKey> without_key_;
  Publisher publisher_{reactor_, clock_, default_catalog(), [this](StatusView& view) {
                         view.node = "node-a";
                         view.node_name = "Anna";
                         view.names = {{"node-a", "Anna"}};
                         view.deployment = kDeployment;
                         view.reading = reading_;
                         view.clock = view_clock_;
                         view.without_key = without_key_;
                       }};
  NodeLog log_{reactor_,
               clock_,
               store_,
               system_random,
               {"node-a", 3s, 30s},
               {std::string(32, 'a'), {}, {}},
               [this] { publisher_.publish(log_); }};
  std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
};

// SPEC KEY-4; a first answer needs no key and no write.
TEST_F(PublisherTest, SaysSomethingFromTheStart) {
  EXPECT_EQ(status().at("state"), "Missing");
  EXPECT_EQ(status().at("reason"), "never-inserted");
  EXPECT_EQ(status().at("peer"), "none");
  EXPECT_FALSE(publisher_.snapshot().usable);
  EXPECT_EQ(status().at("deployment").at("nodes").size(), 1u);
}

// DESIGN 4: nothing is published before it is durable.
TEST_F(PublisherTest, PublishesAndTellsWhatIsDurable) {
  read_key("1");
  publisher_.publish(log_);
  EXPECT_EQ(status().at("state"), "Missing");
  store_.answer_all();
  EXPECT_EQ(status().at("state"), "Ready");
  EXPECT_EQ(status().at("key"), "LK-1");
  EXPECT_TRUE(publisher_.snapshot().usable);
  EXPECT_THAT(sink_->states, testing::ElementsAre("Ready"));
}

// What somebody else does shows on an open page: also a license that changes nothing else.
TEST_F(PublisherTest, TellsOfLicensesAndRecords) {
  read_key("1");
  store_.answer_all();
  const auto at_first = status();
  const auto told = sink_->states.size();
  auto idle = license(40);
  idle.id = "F-elsewhere";
  idle.binding = DeploymentBinding{DeploymentId(64, 'e'), {{"x", {{"dmi-uuid", "1"}}}}, 1};
  log_.witness(
      [&](Witness& w, Time now) {
        w.license_imported(now, {"", summarise(idle, "doc idle"), "mary", "file", "batch"});
      },
      {{"doc idle", vendor_.seal(idle)}});
  publisher_.publish(log_);
  EXPECT_EQ(status(), at_first) << "it is not durable yet";
  store_.answer_all();
  EXPECT_EQ(sink_->states.size(), told + 1);
  auto without = status();
  EXPECT_NE(without.at("revisions").at("licenses"), at_first.at("revisions").at("licenses"));
  without["revisions"] = at_first.at("revisions");
  EXPECT_EQ(without, at_first) << "nothing else says so";

  const auto licenses = status().at("revisions").at("licenses");
  log_.witness([](Witness& w, Time now) { w.warn(now, "chain-broken", "no license"); });
  store_.answer_all();
  EXPECT_EQ(status().at("revisions").at("licenses"), licenses);
  EXPECT_GT(status().at("revisions").at("records"), licenses);
}

// SPEC KEY-10: the key part is the same, and says that a reading is under way.
TEST_F(PublisherTest, SaysThatAKeyIsBeingRead) {
  reading_ = true;
  publisher_.publish(log_);
  EXPECT_EQ(status().at("reading"), true);
  EXPECT_EQ(Json::parse(*publisher_.snapshot().key).at("reading"), true);
}

// SPEC TIME-2, ALERT-2: an anomaly is news, time that passes is none
TEST_F(PublisherTest, TellsOfClocks) {
  publisher_.publish(log_);
  const auto told = sink_->states.size();
  view_clock_ = {kToday + 1h, kToday + 1h, {}};
  publisher_.publish(log_);
  EXPECT_EQ(sink_->states.size(), told);
  EXPECT_EQ(status().at("clock").at("state"), "ok");
  view_clock_.anomalies = {{"clock-ahead", kToday, "what", "cure"}};
  publisher_.publish(log_);
  EXPECT_EQ(sink_->states.size(), told + 1);
  EXPECT_EQ(status().at("clock"), Json::parse(R"({"state": "clock-ahead",
      "license_time": "1999-12-25T13:00:00Z", "wall_time": "1999-12-25T13:00:00Z",
      "anomalies": [{"code": "clock-ahead", "since": "1999-12-25T12:00:00Z", "text": "what",
                     "cure": "cure"}]})"));
  EXPECT_THAT(alert_ids(), testing::Contains("clock-ahead"));
}

TEST_F(PublisherTest, NamesDevicesWithoutAKey) {
  without_key_ = {{{"1-1:7", "/dev/bus/usb/001/007", "piv"}, "no card"}};
  publisher_.publish(log_);
  EXPECT_EQ(status().at("devices_without_key"), Json::parse(R"([{"port": "1-1:7",
      "device": "/dev/bus/usb/001/007", "driver": "piv", "detail": "no card"}])"));
  EXPECT_EQ(status().at("keys"), Json::array());
}

TEST_F(PublisherTest, WhatChangesByItselfIsNoNews) {
  read_key("1");
  store_.answer_all();
  const auto forecast = status().at("if_removed_now");
  clock_.time += 1h;
  publisher_.publish(log_);
  EXPECT_NE(status().at("if_removed_now"), forecast)
      << "SPEC BUF-9: 30 days from now, not from then";
  EXPECT_EQ(sink_->states.size(), 1u);
  sink_->alive = false;
  remove_key("1");
  store_.answer_all();
  EXPECT_EQ(sink_->states.size(), 1u) << "a client that is gone is dropped";
}

// SPEC BUF-8: the buffer ends by itself, without a new fact.
TEST_F(PublisherTest, WakesWhenTheDecisionChanges) {
  read_key("1");
  store_.answer_all();
  clock_.time += 1h;
  remove_key("1");
  store_.answer_all();
  EXPECT_EQ(status().at("buffer").at("running"), true);
  for (int day = 0; day < 30; ++day) {
    EXPECT_EQ(status().at("usable"), true) << "day " << day;
    clock_.time += kDay;
    reactor_.advance(kDay);
  }
  EXPECT_EQ(status().at("usable"), false);
  EXPECT_EQ(status().at("buffer").at("running"), false);
}

// The disk refuses: what is durable stands, and the status says so.
TEST_F(PublisherTest, AFailingDiskIsAnAlert) {
  read_key("1");
  store_.answer(fail("store-failed", "disk full"));
  EXPECT_EQ(status().at("state"), "Missing");
  EXPECT_THAT(alert_ids(), testing::Contains("store-failed"));
  EXPECT_FALSE(publisher_.snapshot().recording);
  reactor_.advance(1s);
  store_.answer_all();
  EXPECT_EQ(status().at("state"), "Ready");
  EXPECT_THAT(alert_ids(), testing::IsEmpty());
}

// SPEC BUF-8, LIC-9, SRV-5: what was durable goes on with time, whether the disk says no or nothing
TEST_F(PublisherTest, TimeGoesOnWhileTheDiskRefuses) {
  read_key("1");
  store_.answer_all();
  for (const bool answers : {true, false}) {
    const auto days = [&](int count) {
      for (int i = 0; i < count; ++i) {
        if (answers && !store_.requests.empty()) store_.answer(fail("store-failed", "disk full"));
        clock_.time += kDay;
        reactor_.advance(kDay);
      }
    };
    const auto also = [&](std::vector<std::string> ids) {
      if (answers) ids.push_back("store-failed");
      return ids;
    };
    remove_key("1");
    days(26);
    EXPECT_EQ(status().at("state"), "Ready") << "the removal is not durable, so nobody is told";
    EXPECT_THAT(alert_ids(), testing::UnorderedElementsAreArray(also({"license-expiring:kvm"})));
    EXPECT_TRUE(publisher_.snapshot().usable);
    EXPECT_EQ(publisher_.snapshot().recording, !answers);
    days(15);
    EXPECT_FALSE(publisher_.snapshot().usable) << "it ends on time";
    EXPECT_THAT(alert_ids(), testing::UnorderedElementsAreArray(also({"license-expired:kvm"})));

    store_.answer_all();
    reactor_.advance(1s);
    store_.answer_all();
    EXPECT_EQ(status().at("state"), "Missing");
    EXPECT_TRUE(publisher_.snapshot().recording);
    read_key("1", {}, clock_.time);
    store_.answer_all();
    EXPECT_TRUE(publisher_.snapshot().usable);
  }
}

// SPEC ALERT-1, LIC-9: the mark of 15 days passes by itself, without a fact and without a beat.
TEST_F(PublisherTest, WakesWhenALicenseBeginsToExpire) {
  read_key("1");
  store_.answer_all();
  const auto step = [&](Duration by) {
    clock_.time += by;
    reactor_.advance(by);
  };
  for (int day = 0; day < 25; ++day) step(kDay);
  EXPECT_THAT(alert_ids(), testing::IsEmpty());
  step(1ms);
  EXPECT_THAT(alert_ids(), testing::ElementsAre("license-expiring:kvm"));
  EXPECT_THAT(sink_->states, testing::ElementsAre("Ready", "Ready")) << "and it is news";
  for (int day = 0; day < 15; ++day) step(kDay);
  EXPECT_THAT(alert_ids(), testing::ElementsAre("license-expired:kvm"));
  EXPECT_FALSE(publisher_.snapshot().usable);
}

// SPEC ALERT-1, ALERT-2, REQ-2: before the second factor moves, people know of the first
TEST_F(PublisherTest, AMachineThatChangesInPartIsAnAlert) {
  const auto tell = [&](std::string serial) {
    log_.witness([&](Witness& w, Time now) {
      w.node_factors(now, {kDeployment, {{"dmi-uuid", "1"}, {"board-serial", serial}}, {}});
    });
  };
  tell("2");
  auto document = license(40);
  const Factors described{{"dmi-uuid", "1"}, {"board-serial", "2"}};
  document.binding = DeploymentBinding{kDeployment, {{"node-a", described}}, 1};
  log_.witness(
      [&](Witness& w, Time now) {
        w.license_imported(now, {"", summarise(document, "file"), "mary", "file", ""});
      },
      {{"file", vendor_.seal(document)}});
  store_.answer_all();
  EXPECT_THAT(alert_ids(), testing::IsEmpty());
  clock_.time += 1h;
  tell("3");
  store_.answer_all();
  ASSERT_THAT(alert_ids(), testing::ElementsAre("machine-changed:node-a"));
  EXPECT_EQ(status().at("alerts")[0].at("since"), format_time(kToday + 1h));
  EXPECT_TRUE(publisher_.snapshot().usable);
  tell("2");
  store_.answer_all();
  EXPECT_THAT(alert_ids(), testing::IsEmpty()) << "undone";
}

// SPEC POOL-1 in a status; a file license alone makes a deployment ready (SPEC SRV-5).
TEST_F(PublisherTest, AFileLicenseAloneIsEnough) {
  log_.witness([&](Witness& w, Time now) {
    w.node_factors(now, {kDeployment, {{"dmi-uuid", "1"}}, {}});
  });
  auto document = license(40);
  document.binding = DeploymentBinding{kDeployment, {{"node-a", {{"dmi-uuid", "1"}}}}, 1};
  log_.witness(
      [&](Witness& w, Time now) {
        w.license_imported(now, {"", summarise(document, "file"), "mary", "file", ""});
      },
      {{"file", vendor_.seal(document)}});
  store_.answer_all();
  EXPECT_TRUE(publisher_.snapshot().usable);
  EXPECT_EQ(status().at("usable"), true);
  EXPECT_EQ(status().at("state"), "Missing");
  EXPECT_THAT(alert_ids(), testing::IsEmpty()) << "no key is missing here";
  ASSERT_EQ(status().at("pools").size(), 1u);
  EXPECT_EQ(status().at("pools")[0].at("total"), 10);
  EXPECT_EQ(status().at("pools")[0].at("unit_name"), "CPU sockets");
}

// SPEC KEY-3: each reason has its own message and its own cure.
TEST_F(PublisherTest, AFaultSaysWhyAndWhatToDo) {
  read_key("1", KeyFault::busy);
  store_.answer_all();
  EXPECT_EQ(status().at("reason"), "busy");
  EXPECT_EQ(status().at("message"), message(KeyFault::busy));
  EXPECT_EQ(status().at("keys").at(0).at("cure"), cure(KeyFault::busy));
  for (const auto* reason : {"never-inserted", "removed", "multiple-keys", "keys-on-both-nodes"}) {
    EXPECT_FALSE(explain(reason).message.empty()) << reason;
    EXPECT_FALSE(explain(reason).cure.empty()) << reason;
  }
}

}  // namespace
}  // namespace latchkey
