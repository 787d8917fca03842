#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "drivers/usb/emulated_bulk_pipe.h"
#include "drivers/usb/emulated_port_monitor.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/emulator/ccid_host.h"
#include "tools/latchkey-emulator/port/port_client.h"
#include "tools/latchkey-emulator/port/port_server.h"

// A PIV token on an emulated port, spoken to by the drivers' own pipe.
namespace latchkey::emulator {
namespace {

using namespace std::chrono_literals;
using ccid::CcidHost;
using nlohmann::json;
using testing::EndsWith;
using Kind = KeyError::Kind;

Deadline soon() { return std::chrono::steady_clock::now() + 10s; }

class PortToken : public testing::Test {
 protected:
  PortToken() {
    server_ = PortServer::listen(io_, bench_, "a", socket()).value();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~PortToken() override {
    io_.stop();
    thread_.join();
  }
  std::string socket() const { return (dir_.path() / "a").string(); }
  std::string node() const { return socket() + "#token"; }
  Result<std::string> ctl(const std::vector<std::string>& arguments) {
    return send_command(socket(), arguments);
  }
  json listed() { return json::parse(ctl({"list"}).value())["keys"][0]; }
  std::unique_ptr<BulkPipe> open() { return EmulatedBulkPipe::open(node()).value(); }
  std::string exchange(BulkPipe& pipe, const Bytes& message) {
    if (!pipe.write(message, soon())) return "not written";
    const auto answer = pipe.read(4096, soon());
    return answer ? to_hex(*answer) : answer.error().detail;
  }

  test::TempDir dir_;
  boost::asio::io_context io_;
  Bench bench_ = Bench::open(dir_.path() / "state").value();
  std::unique_ptr<PortServer> server_;
  std::jthread thread_;
};

TEST_F(PortToken, CarriesOneMessageAPacket) {
  ASSERT_TRUE(ctl({"create", "token", "--piv"}));
  ASSERT_TRUE(ctl({"plug", "token"}));
  const auto pipe = open();
  EXPECT_EQ(pipe->class_descriptor().size(), 54U);
  ASSERT_TRUE(pipe->claim(soon()));
  EXPECT_EQ(exchange(*pipe, CcidHost::message(0x65)), "8100000000002a010001");
  ASSERT_TRUE(ctl({"fault", "token", "slow"}));
  EXPECT_EQ(exchange(*pipe, CcidHost::message(0x62)), "8000000000002a800100") << "asks for time";
  std::string last;
  while (!last.ends_with("7940")) last = to_hex(pipe->read(4096, soon()).value());
  ASSERT_TRUE(ctl({"pull", "token"}));
  EXPECT_EQ(pipe->read(4096, soon()).error().kind, Kind::gone);
}

TEST_F(PortToken, OneProgramClaimsIt) {
  ASSERT_TRUE(ctl({"create", "token", "--piv"}));
  ASSERT_TRUE(ctl({"plug", "token"}));
  const auto first = open(), second = open();
  for (int i = 0; i < 50; ++i) {
    auto& one = i % 2 ? *first : *second;
    auto& other = i % 2 ? *second : *first;
    ASSERT_TRUE(one.claim(soon())) << "let go at once: " << i;
    ASSERT_EQ(other.claim(soon()).error().kind, Kind::busy);
    ASSERT_TRUE(one.write(CcidHost::message(0x65), soon()));
    one.release();
  }
}

TEST_F(PortToken, EventsNameItsDriver) {
  ASSERT_TRUE(ctl({"create", "token", "--piv"}));
  ASSERT_TRUE(ctl({"plug", "token"}));
  auto monitor = EmulatedPortMonitor::connect(socket()).value();
  std::vector<EmulatedPortMonitor::Event> events;
  while (events.size() < 2) {
    pollfd readable{monitor.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, 10000), 1);
    for (auto& event : monitor.read_events()) events.push_back(std::move(event));
  }
  EXPECT_EQ(events[0].device, (DeviceRef{"token#1", node(), "piv", true}));
}

TEST_F(PortToken, IsCreatedAndListed) {
  ASSERT_TRUE(ctl({"create", "token", "--piv", "--short-apdu", "--composite", "--aes"}));
  const auto token = listed();
  EXPECT_EQ(token["kind"], "piv");
  EXPECT_EQ(token["short_apdu"], true);
  EXPECT_EQ(token["composite"], true);
  EXPECT_EQ(token["objects"], json::object());
  EXPECT_EQ(token["has_card_key"], false);
  EXPECT_EQ(token["fault"], "none");
  for (const auto& wrong : std::vector<std::vector<std::string>>{{"create", "x", "--piv", "--p256"},
                                                                 {"create", "x", "--composite"},
                                                                 {"create", "x", "--piv", "--more"},
                                                                 {"create", "--piv"}})
    EXPECT_EQ(ctl(wrong).error().code, "usage");
  EXPECT_EQ(ctl({"fault", "token", "no-such"}).error().code, "unknown-fault");
  ASSERT_TRUE(ctl({"create", "hid"}));
  EXPECT_EQ(ctl({"copy-content", "hid", "token"}).error().code, "wrong-kind");
  EXPECT_EQ(ctl({"copy-content", "token", "hid"}).error().code, "wrong-kind");
  EXPECT_EQ(ctl({"fault", "hid", "no-card"}).error().code, "unknown-fault");
}

TEST_F(PortToken, ItsStateOutlivesTheProcess) {
  ASSERT_TRUE(ctl({"create", "token", "--piv"}));
  ASSERT_TRUE(ctl({"create", "hid"}));
  ASSERT_TRUE(ctl({"plug", "token"}));
  const auto pipe = open();
  ASSERT_TRUE(pipe->claim(soon()));
  exchange(*pipe, CcidHost::message(0x62));
  exchange(*pipe, CcidHost::block("00a4040005a000000308"));
  EXPECT_THAT(exchange(*pipe, CcidHost::block("0020008008303030303030ffff")), EndsWith("63c2"));
  auto later = Bench::open(dir_.path() / "state").value();
  later.add_port("c");
  ASSERT_TRUE(later.plug("token", "c"));
  ASSERT_TRUE(later.plug("hid", "c"));
  EXPECT_EQ(later.plugged_device("hid", "c")->driver(), "hidkey");
  const auto* token = dynamic_cast<ccid::CcidDevice*>(later.plugged_device("token", "c"));
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->state().pin.left, 2);
}

}  // namespace
}  // namespace latchkey::emulator
