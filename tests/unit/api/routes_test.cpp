#include "agent/api/routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "tests/support/fake_backend.h"

namespace latchkey {
namespace {

using nlohmann::json;

class Routes : public ::testing::Test {
 protected:
  /// What the caller gets; the routes of these tests answer at once.
  net::Response ask(const std::string& method, const std::string& path, Role role,
                    const std::string& body = {},
                    std::vector<std::pair<std::string, std::string>> query = {}) {
    net::Request request;
    request.method = method;
    request.path = path;
    request.query = std::move(query);
    request.body = body;
    request.caller = {rights_of(role), "mary", "uid:1"};
    const auto route = router.find(request);
    if (!route) return route.error();
    std::optional<net::Response> answer;
    (*route)->handler(request, [&](net::Response response) { answer = std::move(response); });
    return answer.value();
  }
  static std::string code(const net::Response& response) {
    return json::parse(response.payload()).value("code", "");
  }

  test::FakeBackend backend;
  net::Router router = make_routes(backend);
};

/// Who may call what: every route, against every role.
TEST_F(Routes, AskForTheRightsThatSpecNames) {  // SPEC SEC-2
  const std::vector<Role> open{Role::none,          Role::viewer,   Role::operator_,
                               Role::administrator, Role::consumer, Role::client_site};
  const std::vector<Role> look{Role::viewer, Role::operator_, Role::administrator};
  const std::vector<Role> operate{Role::operator_, Role::administrator};
  const std::vector<Role> administer{Role::administrator};
  const std::vector<Role> ask_leave{Role::viewer, Role::operator_, Role::administrator,
                                    Role::consumer, Role::client_site};
  const std::vector<Role> draw{Role::administrator, Role::client_site};
  const std::vector<Role> consume{Role::administrator, Role::consumer, Role::client_site};
  const std::map<std::string, std::vector<Role>> rows{
      {"GET /v1/status", look},
      {"GET /v1/key", look},
      {"GET /v1/peer", look},
      {"GET /v1/licenses", look},
      {"GET /v1/entries", look},
      {"GET /v1/pools", look},
      {"GET /v1/alerts", look},
      {"GET /v1/events", look},
      {"GET /metrics", look},
      {"GET /v1/request-key", look},
      {"GET /v1/records", look},
      {"GET /v1/records/verify", look},
      {"GET /v1/records/licenses", look},
      {"GET /v1/trust", look},
      {"GET /health/live", open},
      {"GET /health/ready", open},
      {"POST /v1/authorize", ask_leave},
      {"POST /v1/key/refresh", operate},
      {"POST /v1/licenses", administer},
      {"POST /v1/trust", administer},
      {"POST /v1/time", administer},
      {"DELETE /v1/licenses/{id}", administer},
      {"PUT /v1/draw", draw},
      {"DELETE /v1/draw", draw},
      {"GET /v1/upstream", look},
      {"POST /v1/upstream", administer},
      {"DELETE /v1/upstream", administer},
      {"POST /v1/peer/invite", administer},
      {"POST /v1/peer/join", administer},
      {"GET /v1/consumers", ask_leave},
      {"GET /v1/consumers/{id}", ask_leave},
      {"PUT /v1/consumers/{id}/usage", consume},
      {"POST /v1/consumers/{id}/heartbeat", consume},
      {"DELETE /v1/consumers/{id}", consume},
      {"POST /v1/consumers/{id}/release", operate},
      {"PUT /v1/consumers/{id}/terms", administer},
      {"DELETE /v1/consumers/{id}/terms", administer},
      {"GET /v1/server", look},
      {"GET /v1/server/holder", ask_leave},
      {"POST /v1/server/take-over", administer},
      {"GET /v1/server/ca", open},
      {"GET /v1/server/tokens", administer},
      {"POST /v1/server/tokens", administer},
      {"GET /v1/server/identities", look},
      {"DELETE /v1/server/identities/{id}", administer},
      {"GET /v1/server/accounts", administer},
      {"PUT /v1/server/accounts/{name}", administer},
      {"DELETE /v1/server/accounts/{name}", administer},
      {"POST /v1/enrol", open},
      {"GET /v1/session", open},
      {"POST /v1/session", open},
      {"DELETE /v1/session", open},
  };
  EXPECT_EQ(router.routes().size(), rows.size());
  for (const auto& route : router.routes()) {
    const auto row = rows.find(route.method + " " + route.path);
    ASSERT_NE(row, rows.end()) << route.method << ' ' << route.path;
    for (const Role role : open) {
      net::Request request;
      request.method = route.method;
      request.path = route.path;
      request.caller.rights = rights_of(role);
      const bool let_in = router.find(request).has_value();
      EXPECT_EQ(let_in, std::ranges::count(row->second, role) == 1)
          << row->first << " as " << to_string(role);
    }
  }
}

// SPEC POOL-3, POOL-7, POOL-8: what is asked of which consumer.
TEST_F(Routes, HandConsumersWhatIsMeantForThem) {
  const std::string pool = R"([{"object":"kvm","unit":"host","quantity":2}])";
  const struct {
    const char *method, *path;
    std::string body;
    const char* call;  // empty: refused
  } rows[] = {
      {"PUT", "/v1/consumers/vm-1/usage", R"({"usage":)" + pool + R"(,"ttl_s":90})",
       "usage of vm-1 by mary: 2 kvm/host for 90"},
      {"PUT", "/v1/consumers/vm-1/usage", "{}", ""},
      {"PUT", "/v1/consumers/-x/usage", R"({"usage":[]})", ""},
      {"PUT", "/v1/consumers/site:1/usage", R"({"usage":[]})", ""},
      {"POST", "/v1/consumers/vm-1/heartbeat", "", "heartbeat of vm-1 with "},
      {"POST", "/v1/consumers/vm-1/heartbeat", R"({"token":"abc"})", "heartbeat of vm-1 with abc"},
      {"POST", "/v1/consumers/vm-1/heartbeat", R"({"tokens":"abc"})", ""},
      {"DELETE", "/v1/consumers/vm-1", "", "release of vm-1"},
      {"GET", "/v1/consumers", "", "list 100 after 0"},
      {"GET", "/v1/consumers/vm-1", "", "show vm-1"},
      {"POST", "/v1/consumers/vm-1/release", R"({"reason":"it hangs"})",
       "forced release of vm-1 by mary: it hangs"},
      {"POST", "/v1/consumers/vm-1/release", "", "forced release of vm-1 by mary: "},
      {"POST", "/v1/consumers/vm-1/release", R"({"reason":7})", ""},
      {"PUT", "/v1/consumers/vm-1/terms", R"({"reserve":)" + pool + R"(,"cap":[]})",
       "terms of vm-1: 1 0 0"},
      {"PUT", "/v1/consumers/vm-1/terms", R"({"reserve":[{"object":"kvm"}]})", ""},
      {"DELETE", "/v1/consumers/vm-1/terms", "", "terms of vm-1: 0 0 0"},
  };
  for (const auto& row : rows) {
    backend.calls.clear();
    const auto answer = ask(row.method, row.path, Role::administrator, row.body);
    const std::string what = std::string(row.method) + " " + row.path + " " + row.body;
    EXPECT_EQ(answer.status, *row.call != '\0' ? 200 : 400) << what;
    EXPECT_EQ(backend.calls,
              *row.call != '\0' ? std::vector<std::string>{row.call} : std::vector<std::string>{})
        << what;
  }
  EXPECT_EQ(ask("GET", "/v1/consumers/a/b/usage", Role::administrator).status, 404);
}

// SPEC QUOTA-1: a denial is an answer; only a question that makes no sense is an error.
TEST_F(Routes, AuthorizeAnswersOrSaysHowToAsk) {
  const auto ask_for = [&](const std::string& body) {
    return ask("POST", "/v1/authorize", Role::viewer, body);
  };
  auto answer = json::parse(ask_for(R"({"operation":"create","object":"kvm"})").payload());
  EXPECT_EQ(answer.at("allowed"), true);
  EXPECT_EQ(answer.at("object"), "kvm");
  backend.denied = Error{"over-quota", "too much", "use less"};
  answer = json::parse(ask_for(R"({"operation":"other"})").payload());
  EXPECT_EQ(answer.at("allowed"), false);
  EXPECT_EQ(answer.at("code"), "over-quota");
  for (const auto* body : {"", "{}", "[]", R"({"operation":"fly"})", R"({"operation":7})",
                           R"({"operation":"view","object":""})", R"({"operation":"view","x":1})",
                           R"({"operation":"view","object":"a b"})"}) {
    const auto refused = ask_for(body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(code(refused), "bad-request") << body;
  }
  EXPECT_EQ(ask("POST", "/v1/authorize", Role::none, R"({"operation":"view"})").status, 403);
}

TEST_F(Routes, MetricsAreWhatPrometheusReads) {  // SPEC ALERT-2
  const auto answer = ask("GET", "/metrics", Role::viewer);
  EXPECT_TRUE(answer.content_type.starts_with("text/plain; version=0.0.4")) << answer.content_type;
  EXPECT_EQ(answer.payload(), "latchkey_usable 1\n");
}

TEST_F(Routes, AnswerStatusFromTheSnapshotWithoutACopy) {  // SPEC KEY-10
  backend.publish({{"state", "Ready"}});
  EXPECT_EQ(ask("GET", "/v1/status", Role::viewer).shared_body, backend.snapshot().status);
  EXPECT_EQ(ask("GET", "/v1/key", Role::viewer).shared_body, backend.snapshot().key);
  EXPECT_EQ(ask("GET", "/v1/peer", Role::viewer).shared_body, backend.snapshot().peer);
}

TEST_F(Routes, ReadyMeansUsable) {  // SPEC SRV-5
  EXPECT_EQ(ask("GET", "/health/ready", Role::none).status, 503);
  EXPECT_EQ(code(ask("GET", "/health/ready", Role::none)), "license-unusable");
  backend.publish({{"usable", true}});
  const auto ready = [&] { return json::parse(ask("GET", "/health/ready", Role::none).body); };
  EXPECT_EQ(ready(), (json{{"ready", true}, {"recording", true}}));
  backend.snapshot_.recording = false;
  EXPECT_EQ(ready(), (json{{"ready", true}, {"recording", false}}));
}

TEST_F(Routes, SayWhoAsked) {  // SPEC REC-1
  ask("POST", "/v1/key/refresh", Role::administrator);
  ask("POST", "/v1/peer/invite", Role::administrator);
  ask("POST", "/v1/peer/join", Role::administrator, R"({"token":"abc"})");
  ask("POST", "/v1/licenses", Role::administrator, " any bytes ");
  ask("POST", "/v1/trust", Role::administrator, "a bundle");
  ask("POST", "/v1/time", Role::administrator, "a repair");
  ask("DELETE", "/v1/licenses/L-1", Role::administrator);
  EXPECT_EQ(backend.calls,
            (std::vector<std::string>{
                "refresh by mary", "invite by mary", "join by mary with abc",
                "install by mary of  any bytes ", "install trust by mary of a bundle",
                "repair time by mary with a repair", "delete by mary of L-1"}));
}

// SPEC LIC-5: what is wrong with the document is 422, what is wrong here 409
TEST_F(Routes, EachRefusalOfALicenseHasItsStatus) {
  const std::pair<const char*, int> rows[] = {
      {"invalid-format", 422},     {"untrusted-signer", 422}, {"revoked", 422},
      {"wrong-environment", 422},  {"expired", 422},          {"not-yet-valid", 422},
      {"key-not-inserted", 409},   {"wrong-key-id", 409},     {"already-imported", 409},
      {"older-than-current", 409}, {"store-failed", 503},
  };
  for (const auto& [name, status] : rows) {
    backend.install_result = fail(name, "No.", "Do this.");
    const auto response = ask("POST", "/v1/licenses", Role::administrator, "{}");
    EXPECT_EQ(response.status, status) << name;
    EXPECT_EQ(code(response), name);
  }
}

TEST_F(Routes, CarryTheBackendsRefusal) {
  backend.join_result = fail("token-expired", "The token is over.", "Invite again.");
  const auto response = ask("POST", "/v1/peer/join", Role::administrator, R"({"token":"abc"})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(code(response), "token-expired");
  backend.join_result = fail("a-code-that-nobody-mapped", "No.", "");
  EXPECT_EQ(ask("POST", "/v1/peer/join", Role::administrator, R"({"token":"abc"})").status, 409);
}

TEST_F(Routes, RefuseAJoinWithoutAUsableToken) {  // SPEC SEC-3
  const std::vector<std::string> rows{
      "",
      "token",
      "[]",
      R"(["token"])",
      R"({"token":1})",
      R"({"tok":"x"})",
      R"({"token":"x","token":"y"})",
      R"({"token":"x","force":true})",
      R"({"token":"x"})" + std::string(1, '\0'),
      std::string(100'000, '['),
      R"({"token":""})",
      R"({"token":")" + std::string(4097, 'x') + "\"}",
  };
  for (const auto& body : rows)
    EXPECT_EQ(code(ask("POST", "/v1/peer/join", Role::administrator, body)), "bad-request")
        << body.substr(0, 40);
  EXPECT_TRUE(backend.calls.empty());
}

TEST_F(Routes, PassTheRecordFilterOn) {  // SPEC REC-2
  ask("GET", "/v1/records", Role::viewer, "",
      {{"node", "n1"},
       {"kind", "key-read"},
       {"who", "mary"},
       {"result", "refused"},
       {"text", "LK-1 & co"},
       {"since", "2026-01-31"},
       {"until", "2026-02-01T08:00:00Z"},
       {"before", "7"},
       {"limit", "1000"},
       {"format", "json"}});
  EXPECT_EQ(backend.last_query.node, "n1");
  EXPECT_EQ(backend.last_query.kind, "key-read");
  EXPECT_EQ(backend.last_query.who, "mary");
  EXPECT_EQ(backend.last_query.result, "refused");
  EXPECT_EQ(backend.last_query.text, "LK-1 & co");
  EXPECT_EQ(backend.last_query.since, parse_time("2026-01-31T00:00:00Z"));
  EXPECT_EQ(backend.last_query.until, parse_time("2026-02-01T08:00:00Z"));
  EXPECT_EQ(backend.last_query.before, 7U);
  EXPECT_EQ(backend.last_query.limit, 1000U);
  ask("GET", "/v1/records", Role::viewer);
  EXPECT_EQ(backend.last_query.limit, 100U);
}

TEST_F(Routes, GiveRecordsToASpreadsheet) {  // SPEC REC-2
  backend.record_page = {{"records",
                          {{{"position", 9},
                            {"at", "2026-01-01T00:00:00Z"},
                            {"kind", "import-refused"},
                            {"by", "=cmd()"},
                            {"text", "upload, \"bad\" \xff"},
                            {"derived", false}}}},
                         {"next", 9}};
  const auto response = ask("GET", "/v1/records", Role::viewer, "", {{"format", "csv"}});
  EXPECT_TRUE(response.content_type.starts_with("text/csv"));
  EXPECT_EQ(response.body,
            "position,at,node_name,node,kind,result,by,from,text,derived,chain,seq,hash\r\n"
            "9,2026-01-01T00:00:00Z,,,import-refused,,\"'=cmd()\",,\"upload, \"\"bad\"\" "
            "\xff\",false,,,\r\n");
  const std::pair<std::string, std::string> next{"Latchkey-Next", "9"};
  EXPECT_NE(std::ranges::find(response.headers, next), response.headers.end());
  backend.record_page["next"] = 0;
  EXPECT_EQ(ask("GET", "/v1/records", Role::viewer, "", {{"format", "csv"}}).headers.size(), 1U);
}

TEST_F(Routes, RefuseABadRecordFilter) {  // SPEC SEC-3
  const std::vector<std::pair<std::string, std::string>> rows{
      {"limit", "0"},
      {"limit", "1001"},
      {"limit", "-1"},
      {"limit", "5x"},
      {"limit", ""},
      {"before", "a"},
      {"before", "99999999999999999999"},
      {"colour", "1"},
      {"node", std::string(65, 'x')},
      {"text", ""},
      {"since", "yesterday"},
      {"until", "2026-02-30"},
      {"format", "xml"},
  };
  for (const auto& row : rows) {
    const auto response = ask("GET", "/v1/records", Role::viewer, "", {row});
    EXPECT_EQ(response.status, 400) << row.first << '=' << row.second;
    EXPECT_EQ(code(response), "bad-request");
  }
}

TEST_F(Routes, PassOnWhichLicensesAreWanted) {  // SPEC LIC-9
  const auto& query = backend.last_license_query;
  ask("GET", "/v1/licenses", Role::viewer);
  EXPECT_TRUE(query.entries);
  EXPECT_EQ(query.limit, 0U) << "all, as ever";
  ask("GET", "/v1/licenses", Role::viewer, "",
      {{"text", "L-1 & co"},
       {"status", "valid"},
       {"entries", "none"},
       {"after", "25"},
       {"limit", "1000"}});
  EXPECT_EQ(query.text, "L-1 & co");
  EXPECT_EQ(query.status, "valid");
  EXPECT_FALSE(query.entries);
  EXPECT_EQ(query.after, 25U);
  EXPECT_EQ(query.limit, 1000U);
  ask("GET", "/v1/entries", Role::viewer, "",
      {{"license", "L-1"}, {"object", "kvm"}, {"unit", "host"}, {"kind", "base"}, {"each", "3"}});
  EXPECT_EQ(query.license + query.object + query.unit + query.kind, "L-1kvmhostbase");
  EXPECT_EQ(query.each, 3U);
  EXPECT_EQ(query.limit, 100U);
}

TEST_F(Routes, RefuseABadLicenseQuery) {  // SPEC SEC-3
  const std::vector<std::array<std::string, 3>> rows{
      {"/v1/licenses", "limit", "0"},      {"/v1/licenses", "limit", "1001"},
      {"/v1/licenses", "after", "-1"},     {"/v1/licenses", "after", "9999999999999"},
      {"/v1/licenses", "entries", "some"}, {"/v1/licenses", "object", "kvm"},
      {"/v1/licenses", "text", ""},        {"/v1/entries", "text", std::string(65, 'x')},
      {"/v1/entries", "each", "0"},        {"/v1/entries", "each", "x"},
      {"/v1/entries", "entries", "none"},  {"/v1/entries", "colour", "1"},
  };
  for (const auto& [path, name, value] : rows) {
    const auto response = ask("GET", path, Role::viewer, "", {{name, value}});
    EXPECT_EQ(response.status, 400) << path << ' ' << name << '=' << value;
    EXPECT_EQ(code(response), "bad-request");
  }
}

TEST_F(Routes, SurviveForeignBytesInRecords) {  // SPEC SEC-3
  backend.record_page = {{"records", {{{"text", "bad \xff byte"}}}}, {"next", 0}};
  EXPECT_TRUE(json::accept(ask("GET", "/v1/records", Role::viewer).payload()));
}

/// Takes what a stream is told.
class Ear final : public net::EventSink {
 public:
  bool send(std::string_view event, std::string_view data) override {
    heard.push_back(std::string(event) + " " + std::string(data));
    return alive;
  }
  bool open() const override { return alive; }
  std::vector<std::string> heard;
  bool alive = true;
};

TEST_F(Routes, StreamThePresentStateAndThenEachChange) {
  net::Request request;
  request.method = "GET";
  request.path = "/v1/events";
  request.caller.rights = Right::view;
  const auto route = router.find(request);
  ASSERT_TRUE(route);
  const auto ear = std::make_shared<Ear>();
  backend.publish({{"n", 1}});
  (*route)->stream(request, ear);
  backend.publish({{"n", 2}});
  EXPECT_EQ(ear->heard, (std::vector<std::string>{R"(status {"n":1})", R"(status {"n":2})"}));
}

}  // namespace
}  // namespace latchkey
