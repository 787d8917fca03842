#include "agent/net/router.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace latchkey::net {
namespace {

Router sample() {
  Router router;
  const Handler nothing = [](const Request&, const Done& done) { done({}); };
  router.on("GET", "/open", {}, nothing);
  router.on("GET", "/read", Right::view, nothing);
  router.on("POST", "/change", Right::administer, nothing);
  router.on("DELETE", "/change", Right::administer, nothing);
  router.on("POST", "/ask", Right::view | Right::consume, nothing);
  router.on("PUT", "/draw", Right::draw, nothing);
  router.on("POST", "/upload", Right::administer, nothing, 1000);
  router.on("GET", "/things/{id}", Right::view, nothing);
  router.on_stream("/events", Right::view,
                   [](const Request&, const std::shared_ptr<EventSink>&) {});
  return router;
}

TEST(Router, LetsInWhoMayAndRefusesTheRest) {  // SPEC SEC-2
  struct Row {
    std::string method, path;
    Role role;
    int status;  ///< 200: let in
    std::string code;
  };
  const std::vector<Row> rows{
      {"GET", "/open", Role::none, 200, ""},
      {"GET", "/read", Role::none, 403, "not-permitted"},
      {"GET", "/read", Role::viewer, 200, ""},
      {"GET", "/read", Role::administrator, 200, ""},
      {"GET", "/events", Role::none, 403, "not-permitted"},
      {"GET", "/events", Role::viewer, 200, ""},
      {"POST", "/change", Role::viewer, 403, "not-permitted"},
      {"POST", "/change", Role::administrator, 200, ""},
      {"POST", "/change", Role::operator_, 403, "not-permitted"},
      {"POST", "/ask", Role::viewer, 200, ""},
      {"POST", "/ask", Role::consumer, 200, ""},
      {"POST", "/ask", Role::none, 403, "not-permitted"},
      {"GET", "/read", Role::consumer, 403, "not-permitted"},
      {"PUT", "/draw", Role::client_site, 200, ""},
      {"PUT", "/draw", Role::consumer, 403, "not-permitted"},
      {"GET", "/change", Role::administrator, 405, "method-not-allowed"},
      {"get", "/open", Role::administrator, 405, "method-not-allowed"},
      {"GET", "/open/", Role::administrator, 404, "not-found"},
      {"GET", "/", Role::none, 404, "not-found"},
      {"GET", "/things/a{b}", Role::viewer, 200, ""},
      {"GET", "/things/a", Role::none, 403, "not-permitted"},
      {"PUT", "/things/a", Role::viewer, 405, "method-not-allowed"},
      {"GET", "/things/", Role::viewer, 404, "not-found"},
      {"GET", "/things", Role::viewer, 404, "not-found"},
      {"GET", "/things/a/b", Role::viewer, 404, "not-found"},
  };
  const auto router = sample();
  for (const auto& row : rows) {
    Request request;
    request.method = row.method;
    request.path = row.path;
    request.caller = {rights_of(row.role), "mary", "uid:1"};
    const auto route = router.find(request);
    EXPECT_EQ(route ? 200 : route.error().status, row.status) << row.method << ' ' << row.path;
    if (route) continue;
    const auto body = nlohmann::json::parse(route.error().body);
    EXPECT_EQ(body["code"], row.code);
    EXPECT_FALSE(body["cure"].get<std::string>().empty());
  }
}

TEST(Router, NamesTheMethodsThatAPathTakes) {
  Request request;
  request.method = "PUT";
  request.path = "/change";
  const auto route = sample().find(request);
  ASSERT_FALSE(route);
  const std::pair<std::string, std::string> allow{"Allow", "POST, DELETE"};
  EXPECT_EQ(route.error().headers.at(0), allow);
}

TEST(Router, ALargeBodyIsForWhoMayUploadIt) {  // SPEC SEC-3
  const auto limit = [](const char* method, const char* path, Role role) {
    Request request;
    request.method = method;
    request.path = path;
    request.caller.rights = rights_of(role);
    return sample().body_limit(request, request.caller, 10);
  };
  EXPECT_EQ(limit("POST", "/upload", Role::administrator), 1000U);
  EXPECT_EQ(limit("POST", "/upload", Role::viewer), 10U);
  EXPECT_EQ(limit("PUT", "/upload", Role::administrator), 10U);
  EXPECT_EQ(limit("POST", "/change", Role::administrator), 10U);
  EXPECT_EQ(limit("POST", "/nowhere", Role::administrator), 10U);
}

TEST(Problem, CarriesFurtherMembers) {
  const auto response = problem(409, {"no", "No.", "Do."}, {{"documents", {1, 2}}});
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["code"], "no");
  EXPECT_EQ(body["documents"], (nlohmann::json{1, 2}));
}

TEST(Problem, SurvivesBytesThatAreNoText) {  // SPEC SEC-3
  const auto response = problem(400, {"bad-request", "said \xff\xfe", "cure"});
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["type"], "about:blank");
  EXPECT_EQ(body["title"], "Bad Request");
  EXPECT_EQ(body["status"], 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
}

}  // namespace
}  // namespace latchkey::net
