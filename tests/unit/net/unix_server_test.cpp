#include "agent/net/unix_server.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>

#include "tests/support/raw_client.h"
#include "tests/support/server_thread.h"

namespace latchkey::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::RawClient;
using test::ServerThread;

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

/// The server's routes and what they leave behind for the test; used on the reactor only.
struct Stage {
  std::vector<Done> pending;
  std::shared_ptr<EventSink> sink;
  std::atomic<int> dispatched = 0;

  Router router() {
    Router router;
    router.on("GET", "/hello", Role::none, [this](const Request& request, const Done& done) {
      ++dispatched;
      Response response;
      response.body = "hello " + request.caller.name;
      done(response);
    });
    router.on("GET", "/big", Role::none, [](const Request&, const Done& done) {
      Response response;
      response.shared_body = std::make_shared<const std::string>(4 << 20, 'x');
      done(response);
    });
    router.on("POST", "/echo", Role::none, [](const Request& request, const Done& done) {
      Response response;
      response.body = std::to_string(request.body.size());
      done(response);
    });
    router.on("GET", "/later", Role::none, [this](const Request&, Done done) {
      pending.push_back(std::move(done));
      ++dispatched;
    });
    router.on("GET", "/read", Role::viewer, [](const Request&, const Done& done) { done({}); });
    router.on_stream("/events", Role::none,
                     [this](const Request&, const std::shared_ptr<EventSink>& s) { sink = s; });
    return router;
  }
};

int status_of(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

TEST(UnixServer, AnswersAndKeepsTheConnection) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(kHello);
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
    EXPECT_NE(answer.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(server.connection_count(), 1U);
}

TEST(UnixServer, AnswersPipelinedRequestsInOrder) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  std::string bytes;
  for (int i = 0; i < 100; ++i)
    bytes += "POST /echo HTTP/1.1\r\nContent-Length: " + std::to_string(i) + "\r\n\r\n" +
             std::string(i, 'x');
  bytes += "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n";
  ASSERT_TRUE(client.send(bytes));
  const auto answers = client.read_to_end();
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = answers.find("\r\n\r\n" + std::to_string(i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(answers.find("hello ", at), std::string::npos);
}

TEST(UnixServer, AnswersLater) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path()), other(server.path());
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return stage.dispatched == 1; }));
  EXPECT_EQ(status_of(other.ask(kHello)), 200) << "one slow answer holds up nobody else";
  server.run([&] {
    Response response;
    response.status = 202;
    stage.pending.at(0)(response);
  });
  EXPECT_EQ(status_of(client.read_until("hello ")), 202);
}

TEST(UnixServer, SurvivesAClientThatLeavesBeforeItsAnswer) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return stage.dispatched == 1; }));
  client.close();
  server.run([&] { stage.pending.at(0)({}); });
  EXPECT_TRUE(eventually([&] { return server.connection_count() == 0; }));
}

TEST(UnixServer, RefusesMalformedRequestsAndCloses) {  // SPEC SEC-3
  Stage stage;
  ServerThread server(stage.router());
  const std::vector<std::pair<std::string, int>> rows{
      {"nonsense\r\n\r\n", 400},
      {"GET /" + std::string(9000, 'x'), 431},
      {"POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413},
  };
  for (const auto& [bytes, status] : rows) {
    RawClient client(server.path());
    ASSERT_TRUE(client.send(bytes));
    const auto answer = client.read_answer();
    EXPECT_EQ(status_of(answer), status);
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_TRUE(client.closed_by_server());
  }
}

TEST(UnixServer, TakesABodyUpToTheLimit) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  const std::string head =
      "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1048576\r\n\r\n";
  ASSERT_TRUE(client.send(head));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  const auto answer = client.ask(std::string(1 << 20, 'x'));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("\r\n\r\n1048576"), std::string::npos);
}

TEST(UnixServer, SpeaksToHttp10Clients) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient closing(server.path()), keeping(server.path());
  ASSERT_TRUE(closing.send("GET /hello HTTP/1.0\r\n\r\n"));
  EXPECT_NE(closing.read_to_end().find("Connection: close"), std::string::npos);
  const auto answer = keeping.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(answer.find("Connection: keep-alive"), std::string::npos);
  EXPECT_EQ(status_of(keeping.ask(kHello)), 200);
}

TEST(UnixServer, WaitsForASlowReaderWithoutHoldingUpOthers) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient slow(server.path()), other(server.path());
  ASSERT_TRUE(slow.send("GET /big HTTP/1.1\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(status_of(other.ask(kHello)), 200);
  const auto answer = slow.read_to_end();
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 4U << 20);
}

TEST(UnixServer, ClosesWhoKeepsItWaiting) {  // SPEC SEC-3
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

TEST(UnixServer, ClosesWhoDripsARequest) {  // SPEC SEC-3
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

TEST(UnixServer, LetsAHandlerTakeItsTime) {
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

TEST(UnixServer, ServesManyConnectionsAndRefusesTooMany) {  // SPEC SEC-3
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

TEST(UnixServer, StreamsEvents) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  ASSERT_TRUE(client.send("GET /events HTTP/1.1\r\n\r\n"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  EXPECT_TRUE(server.run([&] { return stage.sink->open() && stage.sink->send("status", "a\nb"); }));
  EXPECT_EQ(client.read_until("\n\n"), "event: status\ndata: a\ndata: b\n\n");
  client.close();
  EXPECT_TRUE(eventually([&] { return !server.run([&] { return stage.sink->open(); }); }));
  EXPECT_FALSE(server.run([&] { return stage.sink->send("status", "late"); }));
  EXPECT_EQ(server.connection_count(), 0U) << "a sink that is kept keeps no connection";
}

TEST(UnixServer, CutsOffAStreamClientThatFallsBehind) {  // SPEC SEC-3
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

TEST(UnixServer, EndsAStreamWhenItsSinkIsDropped) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  ASSERT_TRUE(client.send("GET /events HTTP/1.1\r\n\r\n"));
  client.read_until("\r\n\r\n");
  server.run([&] { stage.sink.reset(); });
  EXPECT_TRUE(client.closed_by_server());
}

TEST(UnixServer, StopsWithClientsConnected) {
  Stage stage;
  auto server = std::make_unique<ServerThread>(stage.router());
  RawClient idle(server->path()), waiting(server->path());
  EXPECT_EQ(status_of(idle.ask(kHello)), 200);
  ASSERT_TRUE(waiting.send("GET /later HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return stage.dispatched == 2; }));
  server.reset();
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_TRUE(waiting.closed_by_server());
  stage.pending.at(0)({});  // an answer that comes when all is over is dropped
}

/// What user and group 65534 is told at /read; as root only, since only root may become somebody
/// else.
int ask_as_stranger(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed =
        ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
    ::_exit(changed ? status_of(RawClient(path).ask("GET /read HTTP/1.1\r\n\r\n")) / 4 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) * 4 : 0;
}

TEST(UnixServer, TakesTheRoleFromThePeersCredentials) {  // SPEC SEC-2
  Stage stage;
  UnixServerConfig config;
  config.mode = 0666;
  ServerThread server(stage.router(), config);
  EXPECT_EQ(status_of(RawClient(server.path()).ask("GET /read HTTP/1.1\r\n\r\n")), 200);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chmod(std::filesystem::path(server.path()).parent_path().c_str(), 0755), 0);
  EXPECT_EQ(ask_as_stranger(server.path()), 403 / 4 * 4);
}

}  // namespace
}  // namespace latchkey::net
