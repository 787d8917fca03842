#include <gtest/gtest.h>

#include "tests/unit/net/stage.h"

namespace latchkey::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::RawClient;
using test::ServerThread;

TEST(ServerLimits, ClosesWhoKeepsItWaiting) {  // SPEC SEC-3
  struct Row {
    std::string name;
    std::string_view bytes;
  };
  const std::vector<Row> rows{
      {"says nothing", ""},
      {"idles after an answer", kHello},
      {"never ends its header", "GET /hello HTTP/1.1\r\nHo"},
      {"never ends its body", "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"},
      {"never takes its answer", "GET /big HTTP/1.1\r\n\r\n"}};
  Stage stage;
  UnixServerConfig config;
  config.idle = 60ms;
  config.request = 60ms;
  ServerThread server(stage.router(), config);
  for (const auto& row : rows) {
    RawClient client(server.path());
    ASSERT_TRUE(client.send(row.bytes));
    ASSERT_TRUE(eventually([&] { return server.connection_count() == 1; }) || row.bytes.empty());
    EXPECT_TRUE(eventually([&] { return server.connection_count() == 0; })) << row.name;
    EXPECT_TRUE(client.closed_by_server()) << row.name;
  }
}

TEST(ServerLimits, ClosesWhoDripsARequest) {  // SPEC SEC-3
  Stage stage;
  UnixServerConfig config;
  config.idle = 60s;
  config.request = 100ms;
  ServerThread server(stage.router(), config);
  RawClient client(server.path());
  bool sent = true;
  for (int i = 0; i < 100 && sent; ++i) {
    sent = client.send(i == 0 ? "GET /hello HTTP/1.1\r\nA: " : "b");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_FALSE(sent) << "each byte must not buy more time";
}

TEST(ServerLimits, LetsAHandlerTakeItsTime) {
  Stage stage;
  UnixServerConfig config;
  config.idle = config.request = 20ms;
  ServerThread server(stage.router(), config);
  RawClient client(server.path());
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return stage.dispatched == 1; }));
  std::this_thread::sleep_for(150ms);
  server.run([&] { stage.pending.at(0)({}); });
  EXPECT_EQ(status_of(client.read_answer()), 200);
  EXPECT_TRUE(client.closed_by_server()) << "and then it counts as idle again";
}

TEST(ServerLimits, ServesManyConnectionsAndRefusesTooMany) {  // SPEC SEC-3
  Stage stage;
  UnixServerConfig config;
  config.max_connections = 100;
  ServerThread server(stage.router(), config);
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server.path());
    ASSERT_TRUE(clients.back().send(kHello));
  }
  for (auto& client : clients) EXPECT_EQ(status_of(client.read_answer()), 200);
  RawClient late(server.path());
  const auto answer = late.read_answer();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_NE(answer.find("too-many-connections"), std::string::npos);
  clients.clear();
  ASSERT_TRUE(eventually([&] { return server.connection_count() == 0; }));
  EXPECT_EQ(status_of(RawClient(server.path()).ask(kHello)), 200);
}

}  // namespace
}  // namespace latchkey::net
