#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/net/stage.h"

namespace latchkey::net {
namespace {

using test::RawClient;
using test::ServerThread;

std::uint64_t timed(const RouteTraffic& traffic) {
  const auto& counts = traffic.took.counts();
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

class TrafficTest : public testing::Test {
 protected:
  Router counted_router() {
    auto router = stage_.router();
    router.count_in(traffic_);
    return router;
  }
  /// What is known of a route, read on the reactor.
  RouteTraffic of(const std::string& path, const std::string& method = "GET") {
    return server_.run([&] { return traffic_.of(method, path); });
  }

  Stage stage_;
  Traffic traffic_;
  ServerThread server_{counted_router()};
};

TEST_F(TrafficTest, CountsAnswersByRouteAndStatus) {
  RawClient client(server_.path());
  for (int i = 0; i < 3; ++i) client.ask(kHello);
  EXPECT_EQ(of("/hello").classes, (std::array<std::uint64_t, 5>{0, 3, 0, 0, 0}));
  EXPECT_EQ(timed(of("/hello")), 3u);
  EXPECT_EQ(of("/echo", "POST").classes, RouteTraffic().classes);
}

// Whatever strangers ask for makes no new series.
TEST_F(TrafficTest, CountsWhatReachesNoRouteTogether) {
  for (const char* request :
       {"GET /nowhere HTTP/1.1\r\n\r\n", "PATCH /hello HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"}) {
    RawClient client(server_.path());
    client.ask(request);
  }
  const auto away = server_.run([&] { return traffic_.turned_away(); });
  EXPECT_EQ(away.classes, (std::array<std::uint64_t, 5>{0, 0, 0, 3, 0}));
  const auto routes = server_.run([&] { return traffic_.routes().size(); });
  EXPECT_EQ(routes, stage_.router().routes().size());
}

TEST_F(TrafficTest, TimesAnAnswerThatComesLater) {
  RawClient client(server_.path());
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(test::eventually([&] { return stage_.dispatched == 1; }));
  EXPECT_EQ(of("/later").classes, RouteTraffic().classes) << "not answered yet";
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  client.close();
  server_.run([&] {
    Response response;
    response.status = 503;
    stage_.pending.at(0)(response);
  });
  EXPECT_EQ(of("/later").classes[4], 1u) << "also when its client has gone";
  EXPECT_GE(of("/later").took.sum(), std::chrono::milliseconds(20));
}

TEST_F(TrafficTest, CountsAStreamOnce) {
  RawClient client(server_.path());
  client.ask("GET /events HTTP/1.1\r\n\r\n");
  EXPECT_EQ(of("/events").classes[1], 1u);
  EXPECT_EQ(timed(of("/events")), 0u);
}

}  // namespace
}  // namespace latchkey::net
