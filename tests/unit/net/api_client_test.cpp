#include "agent/net/api_client.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/server_thread.h"

namespace latchkey::net {
namespace {

using namespace std::chrono_literals;

Response answer_of(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Router sample() {
  Router router;
  router.on("POST", "/echo", {}, [](const Request& request, const Done& done) {
    done(answer_of(nlohmann::json{{"said", request.body}, {"type", request.content_type}}.dump()));
  });
  router.on("GET", "/text", {}, [](const Request&, const Done& done) { done(answer_of("hello")); });
  router.on("GET", "/bare", {},
            [](const Request&, const Done& done) { done(answer_of("{}", 500)); });
  router.on("GET", "/never", {}, [](const Request&, const Done&) {});
  router.on("GET", "/refused", {}, [](const Request&, const Done& done) {
    done(problem(409, {"some-code", "Because.", "Do this."}));
  });
  return router;
}

TEST(ApiClient, CarriesBodiesBothWays) {
  test::ServerThread server(sample());
  const auto answer = ApiClient(server.path()).post("/echo", R"({"a":1})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->at("said"), R"({"a":1})");
  EXPECT_EQ(answer->at("type"), "application/json");
}

TEST(ApiClient, TurnsWhatGoesWrongIntoErrors) {
  test::ServerThread server(sample());
  struct Row {
    std::string socket, target, code;
  };
  const std::vector<Row> rows{
      {server.path(), "/refused", "some-code"},
      {server.path(), "/missing", "not-found"},
      {server.path(), "/text", "bad-answer"},
      {server.path(), "/bare", "bad-answer"},
      {server.path(), "/never", "agent-unreachable"},
      {"/nowhere", "/text", "agent-unreachable"},
      {"", "/text", "agent-unreachable"},
      {std::string(500, 'x'), "/", "agent-unreachable"},
  };
  for (const auto& row : rows) {
    const auto answer = ApiClient(row.socket, 200ms).get(row.target);
    ASSERT_FALSE(answer) << row.target;
    EXPECT_EQ(answer.error().code, row.code) << row.target << ": " << answer.error().message;
    EXPECT_FALSE(answer.error().message.empty());
  }
}

TEST(ApiClient, WatchingSomethingElseIsAnError) {
  test::ServerThread server(sample());
  const auto take = [](std::string_view, std::string_view) { return true; };
  EXPECT_EQ(ApiClient(server.path(), 1s).watch("/refused", take).error().code, "some-code");
  EXPECT_EQ(ApiClient("/nowhere", 1s).watch("/", take).error().code, "agent-unreachable");
}

}  // namespace
}  // namespace latchkey::net
