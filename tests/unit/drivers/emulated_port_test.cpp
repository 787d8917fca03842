#include <gtest/gtest.h>
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "drivers/hidkey/hid_key.h"
#include "drivers/usb/emulated_pipe.h"
#include "drivers/usb/emulated_port_monitor.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/drivers/hid_key_fixture.h"
#include "tools/latchkey-emulator/port/port_client.h"
#include "tools/latchkey-emulator/port/port_server.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using emulator::Bench;
using emulator::PortServer;
using Event = EmulatedPortMonitor::Event;
using Kind = KeyError::Kind;

/// An emulator with the ports `a` and `b` in a thread, spoken to by its sockets only.
class EmulatedPortTest : public ::testing::Test {
 protected:
  EmulatedPortTest() {
    for (const char* name : {"a", "b"})
      servers_.push_back(PortServer::listen(io_, bench_, name, socket(name)).value());
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~EmulatedPortTest() override { stop(); }
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string socket(const std::string& port) const { return (dir_.path() / port).string(); }
  Result<std::string> ctl(std::vector<std::string> arguments, const std::string& port = "a") {
    return emulator::send_command(socket(port), arguments);
  }
  DeviceRef ref(const std::string& key, int generation, const std::string& port = "a") const {
    return {key + "#" + std::to_string(generation), socket(port) + "#" + key, "hidkey", true};
  }
  std::unique_ptr<Key> open(const std::string& key) { return driver_.open(ref(key, 1)).value(); }

  TempDir dir_;
  hidkey::HidKeyDriver driver_;
  boost::asio::io_context io_;
  Bench bench_ = Bench::open(dir_.path() / "state").value();
  std::vector<std::unique_ptr<PortServer>> servers_;
  std::jthread thread_;
};

/// Waits until `count` events have come.
std::vector<Event> wait_for(EmulatedPortMonitor& monitor, std::size_t count) {
  std::vector<Event> all;
  pollfd readable{monitor.fd(), POLLIN, 0};
  while (all.size() < count && ::poll(&readable, 1, 5000) > 0)
    for (auto& event : monitor.read_events()) all.push_back(std::move(event));
  return all;
}

TEST_F(EmulatedPortTest, AMonitorSeesWhatIsThereThenWhatChanges) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"create", "k2", "--p256"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  auto monitor = EmulatedPortMonitor::connect(socket("a")).value();
  EXPECT_EQ(wait_for(monitor, 2),
            (std::vector<Event>{{Event::Kind::added, ref("k1", 1)}, {Event::Kind::settled, {}}}));
  ASSERT_TRUE(ctl({"plug", "k2", "--port", "b"}));  // not this port's affair
  ASSERT_TRUE(ctl({"pull", "k1"}, "b"));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  EXPECT_EQ(wait_for(monitor, 2), (std::vector<Event>{{Event::Kind::removed, ref("k1", 1)},
                                                      {Event::Kind::added, ref("k1", 3)}}));
}

TEST_F(EmulatedPortTest, AMonitorIsToldWhenThePortEnds) {
  auto monitor = EmulatedPortMonitor::connect(socket("a")).value();
  ASSERT_EQ(wait_for(monitor, 1).size(), 1U);
  stop();
  servers_.clear();
  const auto events = wait_for(monitor, 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Event::Kind::lost);
}

TEST_F(EmulatedPortTest, APortThatIsNotThereIsRefusedWithACure) {
  const auto monitor = EmulatedPortMonitor::connect(socket("nobody"));
  ASSERT_FALSE(monitor);
  EXPECT_EQ(monitor.error().code, "emulated-port-unreachable");
  EXPECT_FALSE(monitor.error().cure.empty());
}

TEST_F(EmulatedPortTest, AKeyWorksThroughItsSocketAndItsStateOutlivesTheProcess) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  ASSERT_TRUE(open("k1")->write_license(pattern(9000), soon()));
  EXPECT_EQ(open("k1")->read_license(soon()).value(), pattern(9000));
  auto later = Bench::open(dir_.path() / "state").value();
  later.add_port("c");
  ASSERT_TRUE(later.plug("k1", "c"));
  EXPECT_EQ(later.plugged_device("k1", "c")->describe()["slots"][0]["digest"],
            to_hex(sha256(pattern(9000))));
}

TEST_F(EmulatedPortTest, TwoProgramsMayHaveAKeyOpen) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  const auto first = open("k1");
  const auto second = open("k1");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(first->prove(pattern(32), soon()));
    ASSERT_TRUE(second->prove(pattern(32), soon()));
  }
}

struct OpenRow {
  std::string fault;
  Kind expected;
};

// SPEC KEY-3
TEST_F(EmulatedPortTest, OpeningTellsBusyForbiddenAndGoneApart) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  for (const auto& row :
       {OpenRow{"busy", Kind::busy}, OpenRow{"no-permission", Kind::no_permission}}) {
    ASSERT_TRUE(ctl({"fault", "k1", row.fault}));
    const auto key = driver_.open(ref("k1", 1));
    ASSERT_FALSE(key) << row.fault;
    EXPECT_EQ(key.error().kind, row.expected);
  }
  for (const auto& device : {ref("k2", 1), ref("k1", 1, "b"), ref("k1", 1, "nobody")}) {
    const auto key = driver_.open(device);
    ASSERT_FALSE(key) << device.node;
    EXPECT_EQ(key.error().kind, Kind::gone);
  }
}

TEST_F(EmulatedPortTest, PullingEndsARunningCallWithGone) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  const auto key = open("k1");
  ASSERT_TRUE(ctl({"fault", "k1", "silent"}));
  std::jthread puller([&] {
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(ctl({"pull", "k1"}));
  });
  const auto outcome = key->public_key(soon());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::gone);
}

TEST_F(EmulatedPortTest, CancelEndsARunningCallAtOnce) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  const auto key = open("k1");
  ASSERT_TRUE(ctl({"fault", "k1", "silent"}));
  const auto start = std::chrono::steady_clock::now();
  std::jthread canceller([&] {
    std::this_thread::sleep_for(20ms);
    key->cancel();
  });
  EXPECT_EQ(key->public_key(soon()).error().kind, Kind::gone);
  EXPECT_EQ(key->public_key(soon()).error().kind, Kind::gone);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 900ms);
}

TEST_F(EmulatedPortTest, AFaultUnplugsInTheMiddleOfAReadAndTheMonitorSeesIt) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  auto monitor = EmulatedPortMonitor::connect(socket("a")).value();
  ASSERT_EQ(wait_for(monitor, 2).size(), 2U);
  ASSERT_TRUE(ctl({"fault", "k1", "unplug-read"}));
  EXPECT_EQ(open("k1")->public_key(soon()).error().kind, Kind::gone);
  EXPECT_EQ(wait_for(monitor, 1), (std::vector<Event>{{Event::Kind::removed, ref("k1", 1)}}));
  ASSERT_TRUE(ctl({"plug", "k1"}));  // the fault happens once
  EXPECT_TRUE(open("k1")->public_key(soon()));
}

struct RefusalRow {
  std::vector<std::string> arguments;
  std::string code;
};

TEST_F(EmulatedPortTest, CommandsAreRefusedWithCodeAndCure) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  for (const auto& row :
       {RefusalRow{{"plug", "k1"}, "already-plugged"}, RefusalRow{{"plug", "k9"}, "no-such-key"},
        RefusalRow{{"plug", "k1", "--port", "z"}, "no-such-port"},
        RefusalRow{{"create", "k1"}, "key-exists"}, RefusalRow{{"create", "../k1"}, "invalid-name"},
        RefusalRow{{"fault", "k1", "tired"}, "unknown-fault"},
        RefusalRow{{"copy-content", "k1", "k9"}, "no-such-key"}, RefusalRow{{"dance"}, "usage"},
        RefusalRow{{}, "usage"}}) {
    const auto outcome = ctl(row.arguments);
    ASSERT_FALSE(outcome) << row.code;
    EXPECT_EQ(outcome.error().code, row.code);
    EXPECT_FALSE(outcome.error().cure.empty()) << row.code;
  }
  ASSERT_TRUE(ctl({"pull", "k1"}));
  EXPECT_EQ(ctl({"pull", "k1"}).error().code, "not-plugged");
}

// SPEC SEC-3: a port's client is as hostile as its keys.
TEST_F(EmulatedPortTest, NonsenseFromAClientClosesItsConnectionOnly) {
  ASSERT_TRUE(ctl({"create", "k1"}));
  ASSERT_TRUE(ctl({"plug", "k1"}));
  for (const std::string packet :
       {"", "{", "[]", "{\"op\":1}", "{\"op\":\"dance\"}", "{\"op\":\"command\"}",
        "{\"op\":\"command\",\"args\":[1]}", "{\"op\":\"command\",\"args\":\"x\"}"}) {
    const auto client = connect_seqpacket(socket("a"));
    ASSERT_TRUE(client);
    ASSERT_EQ(send_packet(client->get(), as_bytes(packet)), 0);
    pollfd readable{client->get(), POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, 5000), 1) << packet;
    EXPECT_EQ(receive_packet(client->get(), 64).value(), Bytes{}) << packet;
  }
  EXPECT_TRUE(open("k1")->public_key(soon()));
}

TEST_F(EmulatedPortTest, ASocketInUseIsNotTakenOver) {
  const auto second = PortServer::listen(io_, bench_, "c", socket("a"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "port-unavailable");
}

}  // namespace
}  // namespace latchkey::test
