#include "tools/latchkey-emulator/usbip/usbip_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/write.hpp>
#include <chrono>

#include "tests/support/temp_dir.h"
#include "tests/unit/emulator/usbip_client.h"

namespace latchkey::emulator::usbip {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

class UsbipServerTest : public testing::Test {
 protected:
  struct Client {
    tcp::socket socket;
    Bytes arrived;
    bool closed = false;
  };

  void SetUp() override {
    bench = std::make_unique<Bench>(*Bench::open(dir.path()));
    for (const char* key : {"K1", "K2"}) ASSERT_TRUE(bench->create(key, KeyAlgorithm::ed25519));
    server = *UsbipServer::listen(io, *bench, "127.0.0.1:0");
  }
  Client connect() {
    Client client{tcp::socket(io), {}};
    client.socket.connect(server->endpoint());
    client.socket.non_blocking(true);
    return client;
  }
  void send(Client& client, const Bytes& data) {
    boost::asio::write(client.socket, boost::asio::buffer(data));
  }
  /// Runs the server until the client has `size` bytes or was closed.
  void receive(Client& client, std::size_t size) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!client.closed && client.arrived.size() < size &&
           std::chrono::steady_clock::now() < end) {
      io.run_for(1ms);
      std::array<std::uint8_t, 4096> data;
      boost::system::error_code error;
      const auto got = client.socket.read_some(boost::asio::buffer(data), error);
      client.arrived.insert(client.arrived.end(), data.begin(), data.begin() + got);
      client.closed = error && error != boost::asio::error::would_block;
    }
  }
  void receive_end(Client& client) { receive(client, SIZE_MAX); }
  /// The status of an import.
  std::uint32_t import_device(Client& client, std::string_view bus_id) {
    send(client, script::import_device(bus_id));
    receive(client, 8);
    if (client.arrived.size() < 8) return UINT32_MAX;
    const auto status = hidkey::get_u32(client.arrived, 4);
    if (status == 0) receive(client, 320);
    client.arrived.clear();
    return status;
  }
  std::vector<std::string> listed() const {
    std::vector<std::string> out;
    for (const auto& device : server->devices()) out.push_back(device.bus_id + device.path);
    return out;
  }

  test::TempDir dir;
  boost::asio::io_context io;
  std::unique_ptr<Bench> bench;
  std::unique_ptr<UsbipServer> server;
};

TEST_F(UsbipServerTest, PlugsIntoTheLowestFreePlace) {
  using testing::ElementsAre;
  ASSERT_TRUE(bench->plug("K2", "usbip"));
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  EXPECT_THAT(listed(), ElementsAre("1-1/latchkey-emulator/K2", "1-2/latchkey-emulator/K1"));
  ASSERT_TRUE(bench->pull("K2"));
  EXPECT_THAT(listed(), ElementsAre("1-2/latchkey-emulator/K1"));
  ASSERT_TRUE(bench->plug("K2", "usbip"));
  EXPECT_THAT(listed(), ElementsAre("1-1/latchkey-emulator/K2", "1-2/latchkey-emulator/K1"));
}

TEST_F(UsbipServerTest, ListEndsTheConnection) {
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  auto client = connect();
  send(client, script::list());
  receive_end(client);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.arrived.size(), 12U + 316);
}

TEST_F(UsbipServerTest, CarriesTransfers) {
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  auto client = connect();
  ASSERT_EQ(import_device(client, "1-1"), 0U);
  send(client, script::submit({.sequence = 1}));
  send(client, script::submit_init(2, 0x5A));
  receive(client, 48 + 48 + 64);
  EXPECT_EQ(script::take_reply(client.arrived, false).sequence, 2U);
  EXPECT_EQ(script::take_reply(client.arrived).data[7], 0x5A);
}

TEST_F(UsbipServerTest, LateReportsComeByThemselves) {
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  auto client = connect();
  ASSERT_EQ(import_device(client, "1-1"), 0U);
  send(client, script::submit({.sequence = 1}));
  send(client, script::submit_init(2, 1));
  receive(client, 48 + 112);
  const auto channel = hidkey::get_u32(client.arrived, 48 + 48 + 15);
  client.arrived.clear();
  ASSERT_TRUE(bench->set_fault("K1", "slow"));
  const auto ping =
      ctaphid::split({channel, static_cast<std::uint8_t>(ctaphid::Command::ping), {1}});
  send(client, script::submit({.sequence = 3}));
  send(client,
       script::submit({.sequence = 4, .in = false, .data = Bytes(ping[0].begin(), ping[0].end())}));
  receive(client, 48 + 112);
  EXPECT_EQ(script::take_reply(client.arrived, false).sequence, 4U);
  EXPECT_EQ(script::take_reply(client.arrived).sequence, 3U);
}

TEST_F(UsbipServerTest, OneHostPerKey) {
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  ASSERT_TRUE(bench->plug("K2", "usbip"));
  auto first = connect();
  auto second = connect();
  auto third = connect();
  EXPECT_EQ(import_device(first, "1-1"), 0U);
  EXPECT_EQ(import_device(second, "1-1"), 2U);
  EXPECT_EQ(import_device(third, "1-2"), 0U);
  first.socket.close();
  io.run_for(20ms);
  auto fourth = connect();
  EXPECT_EQ(import_device(fourth, "1-1"), 0U) << "free again after a detach";
}

TEST_F(UsbipServerTest, PullingTheKeyEndsItsConnectionAlone) {
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  ASSERT_TRUE(bench->plug("K2", "usbip"));
  auto first = connect();
  auto second = connect();
  ASSERT_EQ(import_device(first, "1-1"), 0U);
  ASSERT_EQ(import_device(second, "1-2"), 0U);
  ASSERT_TRUE(bench->pull("K1"));
  receive_end(first);
  EXPECT_TRUE(first.closed);
  send(second, script::submit({.in = false, .data = Bytes(64), .device = 0x00010002}));
  receive(second, 48);
  EXPECT_EQ(second.arrived.size(), 48U);
  EXPECT_FALSE(second.closed);
}

TEST_F(UsbipServerTest, FaultUnplugsInTheMiddleOfARequest) {
  ASSERT_TRUE(bench->plug("K1", "usbip"));
  auto client = connect();
  ASSERT_EQ(import_device(client, "1-1"), 0U);
  send(client, script::submit({.sequence = 1}));
  send(client, script::submit_init(2, 1));
  receive(client, 48 + 112);
  const auto channel = hidkey::get_u32(client.arrived, 48 + 48 + 15);
  ASSERT_TRUE(bench->set_fault("K1", "unplug-write"));
  for (const auto& report :
       ctaphid::split({channel, static_cast<std::uint8_t>(ctaphid::Command::ping), Bytes(200)}))
    send(client, script::submit({.in = false, .data = Bytes(report.begin(), report.end())}));
  receive_end(client);
  EXPECT_TRUE(client.closed);
  EXPECT_TRUE(listed().empty());
}

// SPEC SEC-3
TEST_F(UsbipServerTest, ConnectionsAreBounded) {
  std::vector<Client> idle;
  for (std::size_t i = 0; i < UsbipServer::kMaxConnections; ++i) {
    idle.push_back(connect());
    io.run_for(1ms);
  }
  auto refused = connect();
  receive_end(refused);
  EXPECT_TRUE(refused.closed);
  idle.clear();
  io.run_for(50ms);
  auto accepted = connect();
  send(accepted, script::list());
  receive(accepted, 12);
  EXPECT_EQ(accepted.arrived.size(), 12U);
}

TEST_F(UsbipServerTest, RefusesBadAddresses) {
  for (const char* address : {"", "3240", "localhost:3240", "127.0.0.1:", "127.0.0.1:x",
                              "127.0.0.1:65536", "127.0.0.1:1 "}) {
    const auto refused = UsbipServer::listen(io, *bench, address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, "usage") << address;
  }
  const auto taken =
      UsbipServer::listen(io, *bench, "127.0.0.1:" + std::to_string(server->endpoint().port()));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "port-unavailable");
}

}  // namespace
}  // namespace latchkey::emulator::usbip
