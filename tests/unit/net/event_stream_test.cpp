#include <gtest/gtest.h>

#include "tests/unit/net/stage.h"

namespace latchkey::net {
namespace {

using test::eventually;
using test::RawClient;
using test::ServerThread;

TEST(EventStream, StreamsEvents) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  EXPECT_EQ(status_of(client.ask(kHello)), 200) << "a connection may become a stream later";
  ASSERT_TRUE(client.send("GET /events HTTP/1.1\r\n\r\n"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  EXPECT_TRUE(server.run([&] { return stage.sink->open() && stage.sink->send("status", "a\nb"); }));
  EXPECT_EQ(client.read_until("\n\n"), "event: status\ndata: a\ndata: b\n\n");
  client.close();
  EXPECT_TRUE(eventually([&] { return !server.run([&] { return stage.sink->open(); }); }));
  EXPECT_FALSE(server.run([&] { return stage.sink->send("status", "late"); }));
  EXPECT_EQ(server.connection_count(), 0U) << "a sink that is kept keeps no connection";
}

TEST(EventStream, CutsOffAStreamClientThatFallsBehind) {  // SPEC SEC-3
  Stage stage;
  UnixServerConfig config;
  config.stream_backlog = 64 * 1024;
  ServerThread server(stage.router(), config);
  RawClient client(server.path());
  ASSERT_TRUE(client.send("GET /events HTTP/1.1\r\n\r\n"));
  client.read_until("\r\n\r\n");
  const std::string event(8 * 1024, 'x');
  int sent = 0;
  while (sent < 10'000 && server.run([&] { return stage.sink->send("status", event); })) ++sent;
  EXPECT_LT(sent, 1000);
  EXPECT_FALSE(server.run([&] { return stage.sink->open(); }));
}

TEST(EventStream, EndsAStreamWhenItsSinkIsDropped) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  ASSERT_TRUE(client.send("GET /events HTTP/1.1\r\n\r\n"));
  client.read_until("\r\n\r\n");
  server.run([&] { stage.sink.reset(); });
  EXPECT_TRUE(client.closed_by_server());
}

}  // namespace
}  // namespace latchkey::net
