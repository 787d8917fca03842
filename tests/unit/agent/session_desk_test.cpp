#include "tests/unit/agent/access_fixture.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

class SessionDeskTest : public AccessDeskFixture {};

TEST_F(SessionDeskTest, APasswordOpensASession) {  // SPEC SEC-2
  set_account();
  EXPECT_EQ(login("mary", "not the password").status, 401);
  EXPECT_EQ(login("nobody", kPassword).status, 401);
  const auto opened = login("mary", kPassword);
  ASSERT_EQ(opened.status, 200);
  net::Request asking;
  asking.method = "GET";
  asking.from = kFrom;
  asking.cookie = cookie_in(opened);
  const auto caller = desk_.doorman().caller_of(asking);
  EXPECT_EQ(caller.rights, rights_of(Role::administrator));
  EXPECT_EQ(caller.id, "account:mary");
  EXPECT_EQ(opened.body.find(kPassword), std::string::npos);
  desk_.close_session(asking);
  EXPECT_TRUE(desk_.doorman().caller_of(asking).rights.empty());
}

TEST_F(SessionDeskTest, ASessionChangesNothingWithoutItsCsrfTokenOrFromAnotherPage) {  // SPEC SEC-2
  set_account();
  const auto opened = login("mary", kPassword);
  const auto csrf = Json::parse(opened.body).at("csrf").get<std::string>();
  struct Row {
    const char *method, *path, *origin;
    std::string csrf, code;
  };
  const Row rows[] = {
      {"GET", "/v1/status", "", "", ""},
      {"GET", "/v1/status", "https://evil.example", "", ""},
      {"POST", "/v1/licenses", "", csrf, ""},
      {"POST", "/v1/licenses", "https://node-a:8201", csrf, ""},
      {"POST", "/v1/licenses", "", "", "csrf-missing"},
      {"POST", "/v1/licenses", "https://node-a:8201", "x" + csrf.substr(1), "csrf-missing"},
      {"DELETE", "/v1/session", "", "", "csrf-missing"},
      {"POST", "/v1/session", "", "", ""},
      {"POST", "/v1/session", "https://evil.example", "", "origin-refused"},
      {"POST", "/v1/licenses", "https://evil.example", csrf, "origin-refused"},
      {"POST", "/v1/licenses", "http://node-a:8201", csrf, "origin-refused"},
      {"POST", "/v1/licenses", "null", csrf, "origin-refused"},
  };
  for (const auto& row : rows) {
    net::Request request;
    request.method = row.method;
    request.path = row.path;
    request.from = kFrom;
    request.host = "node-a:8201";
    request.origin = row.origin;
    request.cookie = cookie_in(opened);
    request.csrf = row.csrf;
    EXPECT_EQ(code(desk_.doorman().objection(request)), row.code)
        << row.method << ' ' << row.path << ' ' << row.origin;
  }
}

TEST_F(SessionDeskTest, WithoutTlsOnlyThisMachinesOwnPageCounts) {  // SPEC SEC-2, SEC-3
  struct Row {
    const char *method, *host, *origin, *code;
  };
  const Row rows[] = {
      {"POST", "127.0.0.1:8280", "http://127.0.0.1:8280", ""},
      {"POST", "localhost:8280", "http://localhost:8280", ""},
      {"POST", "localhost", "http://localhost", ""},
      {"POST", "[::1]:8280", "http://[::1]:8280", ""},
      {"POST", "[::1]", "http://[::1]", ""},
      {"POST", "127.0.0.1:8280", "https://127.0.0.1:8280", "origin-refused"},
      {"POST", "127.0.0.1:8280", "http://localhost:8280", "origin-refused"},
      {"POST", "127.0.0.1:8280", "http://127.0.0.1:3000", "origin-refused"},
      // A name that its owner made lead here (DNS rebinding): same origin to the browser.
      {"POST", "evil.example:8280", "http://evil.example:8280", "host-refused"},
      {"GET", "evil.example:8280", "", "host-refused"},
      {"GET", "127.0.0.1.evil.example", "", "host-refused"},
      {"GET", "", "", "host-refused"},
  };
  for (const auto& row : rows) {
    net::Request request;
    request.method = row.method;
    request.path = "/v1/session";
    request.from = {"127.0.0.1", "", true};
    request.host = row.host;
    request.origin = row.origin;
    EXPECT_EQ(code(desk_.doorman().objection(request)), row.code) << row.host << ' ' << row.origin;
  }
}

TEST_F(SessionDeskTest, AnAccountThatIsGoneOrChangedEndsItsSessions) {  // SPEC SEC-2
  set_account();
  net::Request asking;
  asking.method = "GET";
  asking.from = kFrom;
  asking.cookie = cookie_in(login("mary", kPassword));
  EXPECT_FALSE(desk_.doorman().caller_of(asking).rights.empty());
  set_account(Role::viewer);
  EXPECT_TRUE(desk_.doorman().caller_of(asking).rights.empty());
  asking.cookie = cookie_in(login("mary", kPassword));
  EXPECT_EQ(desk_.doorman().caller_of(asking).rights, Rights(Right::view));
  Outcome outcome;
  desk_.delete_account(kRoot, "mary", into(outcome));
  settle();
  EXPECT_TRUE(desk_.doorman().caller_of(asking).rights.empty());
  EXPECT_EQ(login("mary", kPassword).status, 401);
  desk_.delete_account(kRoot, "mary", into(outcome));
  EXPECT_EQ(outcome->error().code, "unknown-account");
}

TEST_F(SessionDeskTest, GuessingIsSlowedDown) {  // SPEC SEC-2
  net::Response last;
  int refused = 0;
  for (int i = 0; i < 12 && last.status != 429; ++i, ++refused) last = login("mary", "x");
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(refused, 11) << "ten guesses at one account";
  EXPECT_TRUE(std::ranges::any_of(last.headers,
                                  [](const auto& field) { return field.first == "Retry-After"; }));
}

TEST_F(SessionDeskTest, TheUnixSocketHasNoSessions) {
  std::optional<net::Response> answer;
  desk_.open_session({}, "mary", kPassword, [&](net::Response r) { answer = std::move(r); });
  EXPECT_EQ(code(answer), "session-needless");
}

}  // namespace
}  // namespace latchkey
