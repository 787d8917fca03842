#include "tools/latchkey-client/client.h"

#include <gtest/gtest.h>

#include "tests/unit/client/fake_server.h"

namespace latchkey::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr seconds kPatience{20};

Usage sockets(std::uint64_t quantity) { return {{"kvm", "cpu-socket", quantity}}; }

class ClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> open(std::vector<std::string> servers, std::uint32_t ttl_s = 60) {
    auto client = Client::open({.consumer = "app",
                                .servers = std::move(servers),
                                .ttl_s = ttl_s,
                                .on_change = listener.callback()});
    if (!client) throw std::runtime_error(client.error().message);
    return *std::move(client);
  }
  std::string path(const char* name) const { return (dir.path() / name).string(); }

  test::TempDir dir;
  Listener listener;
};

TEST_F(ClientTest, HoldsAndGivesBack) {  // SPEC SRV-2, POOL-3
  FakeServer server(path("a"));
  const auto client = open({server.address()});
  ASSERT_TRUE(client->use(sockets(4)));
  const auto status = client->wait(kPatience);
  EXPECT_TRUE(status.settled);
  EXPECT_EQ(status.state, State::holding);
  EXPECT_EQ(status.held, sockets(4));
  EXPECT_EQ(status.server, server.address());
  EXPECT_GT(status.left, seconds(30));
  EXPECT_EQ(server.held_, 4);

  EXPECT_TRUE(client->close(true, kPatience));
  EXPECT_EQ(server.held_, -1);
  EXPECT_EQ(listener.states(), (std::vector{State::connecting, State::holding, State::released}));
}

TEST_F(ClientTest, LeavesTheLeaseToTheNextClientOfItsName) {
  FakeServer server(path("a"));
  const auto client = open({server.address()});
  ASSERT_TRUE(client->use(sockets(4)));
  client->wait(kPatience);
  EXPECT_TRUE(client->close(false, kPatience));
  EXPECT_EQ(server.held_, 4);
  const auto next = open({server.address()});
  ASSERT_TRUE(next->use(sockets(4)));
  EXPECT_EQ(next->wait(kPatience).state, State::holding);
}

TEST_F(ClientTest, SaysWhatIsLeftWhenItIsRefused) {  // SPEC POOL-5
  FakeServer server(path("a"));
  const auto client = open({server.address()});
  ASSERT_TRUE(client->use(sockets(4)));
  client->wait(kPatience);
  ASSERT_TRUE(client->use(sockets(11)));
  const auto status = client->wait(kPatience);
  EXPECT_EQ(status.state, State::refused);
  EXPECT_EQ(status.held, sockets(4));
  ASSERT_TRUE(status.problem && status.problem->pool);
  EXPECT_EQ(*status.problem->pool, (PoolFigures{"kvm", "cpu-socket", 10, 4, 6}));
  EXPECT_EQ(server.held_, 4);
}

TEST_F(ClientTest, SurvivesARestartOfTheServer) {  // SPEC POOL-4
  FakeServer server(path("a"));
  const auto client = open({server.address()}, 3);
  ASSERT_TRUE(client->use(sockets(4)));
  ASSERT_TRUE(listener.hears(State::holding));
  server.stop();
  server.start();
  const int before = server.heartbeats_;
  while (server.heartbeats_ < before + 2) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(client->status().state, State::holding);
  EXPECT_EQ(server.statements_, 1) << "the lease was still there";
}

TEST_F(ClientTest, IsAtRiskWhenTheTtlPassesAndStatesItsUsageAgain) {  // SPEC POOL-4, SRV-4
  FakeServer server(path("a"));
  const auto client = open({server.address()}, 1);
  ASSERT_TRUE(client->use(sockets(4)));
  ASSERT_TRUE(listener.hears(State::holding));
  server.stop();
  server.forget();
  ASSERT_TRUE(listener.hears(State::at_risk));
  EXPECT_EQ(listener.last().problem->code, "server-unreachable");
  server.start();
  ASSERT_TRUE(listener.hears(State::holding));
  EXPECT_EQ(server.held_, 4);
  EXPECT_GT(server.tokens_, 0);
}

TEST_F(ClientTest, SaysThatItLostTheLease) {  // SPEC POOL-4
  FakeServer server(path("a"));
  const auto client = open({server.address()}, 1);
  ASSERT_TRUE(client->use(sockets(4)));
  ASSERT_TRUE(listener.hears(State::holding));
  server.total_ = 3;  // before it is forgotten: others took it
  server.forget();
  ASSERT_TRUE(listener.hears(State::lost));
  EXPECT_TRUE(listener.last().held.empty());
  EXPECT_EQ(listener.last().problem->code, "capacity-exhausted");
}

TEST_F(ClientTest, GoesToTheNextServer) {  // SPEC SRV-4
  FakeServer first(path("a")), second(path("b"));
  first.holder_ = false;
  const auto client = open({"unix:" + path("nobody"), first.address(), second.address()}, 3);
  ASSERT_TRUE(client->use(sockets(4)));
  ASSERT_TRUE(listener.hears(State::holding));
  EXPECT_EQ(client->status().server, second.address());
  // The leases move: the token goes along.
  first.held_ = 4;
  first.holder_ = true;
  second.holder_ = false;
  while (first.heartbeats_ == 0) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(client->status().state, State::holding);
  EXPECT_EQ(first.statements_, 0);
  EXPECT_EQ(first.tokens_, 1);
}

TEST_F(ClientTest, ClosesInTimeWhateverTheServerDoes) {
  FakeServer server(path("a"));
  server.silent_ = true;
  const auto client = open({server.address()});
  ASSERT_TRUE(client->use(sockets(4)));
  EXPECT_FALSE(client->wait(milliseconds(50)).settled);
  EXPECT_FALSE(client->close(true, milliseconds(50))) << "it could not give anything back";
}

TEST_F(ClientTest, MayBeClosedByItsOwnCallback) {
  FakeServer server(path("a"));
  std::atomic<int> calls = 0;
  std::unique_ptr<Client> client;
  std::promise<void> ready, closed;
  auto opened = Client::open({.consumer = "app",
                              .servers = {server.address()},
                              .on_change = [&](const ClientStatus& status) {
                                ++calls;
                                if (status.state != State::holding) return;
                                ready.get_future().wait();
                                client->close(false, kPatience);
                                closed.set_value();
                              }});
  ASSERT_TRUE(opened);
  client = *std::move(opened);
  ASSERT_TRUE(client->use(sockets(4)));
  ready.set_value();
  closed.get_future().wait();
  const int before = calls;
  EXPECT_TRUE(client->use(sockets(5))) << "harmless";
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(calls, before);
}

TEST(ClientOptions, AreChecked) {
  struct Case {
    const char* what;
    Client::Options options;
    const char* code;
  };
  const Case cases[] = {
      {"no name",
       {
           .consumer = "",
           .servers = {"unix:/s"},
       },
       "bad-argument"},
      {"a bad name",
       {
           .consumer = "a/b",
           .servers = {"unix:/s"},
       },
       "bad-argument"},
      {"no server",
       {
           .consumer = "a",
           .servers = {},
       },
       "bad-argument"},
      {"plain HTTP",
       {
           .consumer = "a",
           .servers = {"http://h"},
       },
       "address-invalid"},
      {"a bad port",
       {
           .consumer = "a",
           .servers = {"https://h:0"},
       },
       "address-invalid"},
      {"a bad host",
       {
           .consumer = "a",
           .servers = {"https://h\r\n"},
       },
       "address-invalid"},
      {"no credentials",
       {
           .consumer = "a",
           .servers = {"https://h"},
       },
       "bad-argument"},
      {"no files", {.consumer = "a", .servers = {}, .directory = "/nowhere"}, "cannot-read"},
      {"no life", {.consumer = "a", .servers = {"unix:/s"}, .ttl_s = 0}, "bad-argument"},
  };
  for (const auto& [what, options, code] : cases) {
    const auto client = Client::open(options);
    ASSERT_FALSE(client) << what;
    EXPECT_EQ(client.error().code, code) << what;
    EXPECT_FALSE(client.error().cure.empty()) << what;
  }
}

TEST_F(ClientTest, RefusesAUsageThatCannotBeStated) {
  const auto client = open({"unix:" + path("nobody")});
  EXPECT_FALSE(client->use({{"kvm", "a\"b", 1}}));
  EXPECT_FALSE(client->use({{"", "cpu-socket", 1}}));
  EXPECT_FALSE(client->use({{"kvm", "cpu-socket", 1}, {"kvm", "cpu-socket", 2}}));
  EXPECT_FALSE(client->use({{"kvm", "cpu-socket", (1ULL << 40) + 1}}));
  EXPECT_FALSE(client->use(Usage(33, {"kvm", "cpu-socket", 1})));
}

}  // namespace
}  // namespace latchkey::client
