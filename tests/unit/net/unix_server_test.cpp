#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>

#include "tests/unit/net/stage.h"

namespace latchkey::net {
namespace {

using test::eventually;
using test::RawClient;
using test::ServerThread;

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

// Connections that are served together start to wait together, and one that comes alone at once.
TEST(UnixServer, ServesManyClientsAtOnceAndThenOne) {
  Stage stage;
  ServerThread server(stage.router());
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(server.path());
  for (int round = 0; round < 20; ++round) {
    // All of them are there when the reactor looks.
    server.run([&] {
      for (auto& client : clients) client.send(kHello);
    });
    for (auto& client : clients) ASSERT_EQ(status_of(client.read_answer()), 200);
  }
  for (int i = 0; i < 40; ++i) ASSERT_EQ(status_of(clients.front().ask(kHello)), 200);
  EXPECT_EQ(stage.dispatched, 20 * 40 + 40);
  for (auto& client : clients) client.close();
  EXPECT_TRUE(eventually([&] { return server.connection_count() == 0; }));
}

TEST(UnixServer, EndsWhileConnectionsAreServed) {
  Stage stage;
  std::vector<RawClient> clients;
  {
    ServerThread server(stage.router());
    for (int i = 0; i < 40; ++i) clients.emplace_back(server.path());
    for (auto& client : clients) ASSERT_EQ(status_of(client.ask(kHello)), 200);
    for (auto& client : clients) client.send(kHello);
  }
  for (auto& client : clients) EXPECT_TRUE(client.closed_by_server());
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

TEST(UnixServer, TakesPromptRequestsTogetherAndAnyOtherAlone) {
  Stage stage;
  ServerThread server(stage.router());
  RawClient client(server.path());
  ASSERT_TRUE(client.send(
      "GET /together HTTP/1.1\r\n\r\nGET /together HTTP/1.1\r\n\r\n"
      "GET /later HTTP/1.1\r\n\r\nGET /together HTTP/1.1\r\nConnection: close\r\n\r\n"));
  const auto answer_with = [](int status) {
    Response response;
    response.status = status;
    response.body = "body " + std::to_string(status);
    return response;
  };
  ASSERT_TRUE(eventually([&] { return stage.dispatched == 2; }));
  server.run([&] {
    stage.pending.at(1)(answer_with(202));
    EXPECT_EQ(stage.dispatched, 2) << "the third waits for both";
    stage.pending.at(0)(answer_with(201));
    EXPECT_EQ(stage.dispatched, 3);
  });
  const auto together = client.read_until("body 202");
  EXPECT_EQ(status_of(together), 201);
  EXPECT_NE(together.find("body 201HTTP/1.1 202"), std::string::npos);
  server.run([&] {
    EXPECT_EQ(stage.dispatched, 3) << "nor is anything taken beside the third";
    stage.pending.at(2)(answer_with(203));
    EXPECT_EQ(stage.dispatched, 4);
    stage.pending.at(3)(answer_with(204));
  });
  const auto rest = client.read_to_end();
  EXPECT_EQ(status_of(rest), 203);
  EXPECT_NE(rest.find("HTTP/1.1 204"), std::string::npos);
  EXPECT_EQ(rest.find("Connection: close"), rest.rfind("Connection: close"));
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

/// The status, a refusal, that user and group 65534 without other groups get at `path` of the
/// socket.
int refusal_for_stranger(const ServerThread& server, const std::string& request) {
  constexpr int kBase = 300;  // an exit status holds 8 bits
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed =
        ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
    ::_exit(changed ? status_of(RawClient(server.path()).ask(request)) - kBase : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) + kBase : 0;
}

/// A socket that everybody may open, in a directory that everybody may enter.
UnixServerConfig open_to_all() {
  UnixServerConfig config;
  config.mode = 0666;
  return config;
}
void open_directory(const ServerThread& server) {
  const auto directory = std::filesystem::path(server.path()).parent_path();
  ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
}

constexpr const char* kRead = "GET /read HTTP/1.1\r\n\r\n";

TEST(UnixServer, TakesTheRoleFromThePeersCredentials) {  // SPEC SEC-2
  Stage stage;
  ServerThread server(stage.router(), open_to_all());
  open_directory(server);
  EXPECT_EQ(status_of(RawClient(server.path()).ask(kRead)), 200);
  if (::geteuid() != 0) return;  // only root can become somebody else
  EXPECT_EQ(refusal_for_stranger(server, kRead), 403);
}

TEST(UnixServer, KeepsItsLastConnectionsForAdministrators) {  // SPEC SEC-3
  Stage stage;
  auto config = open_to_all();
  config.max_connections = 9;
  ServerThread server(stage.router(), config);
  open_directory(server);
  RawClient first(server.path()), second(server.path());
  EXPECT_EQ(status_of(first.ask(kRead)), 200);
  EXPECT_EQ(status_of(second.ask(kRead)), 200);
  if (::geteuid() != 0) return;
  EXPECT_EQ(refusal_for_stranger(server, kRead), 503);
}

}  // namespace
}  // namespace latchkey::net
