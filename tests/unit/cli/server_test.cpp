#include <cstdlib>

#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

class ServerVerb : public CliTest {
 protected:
  std::vector<std::string> calls() {
    return server.run([&] { return backend.access_.calls; });
  }
};

TEST_F(ServerVerb, SaysWhereItListens) {  // SPEC SRV-1, SRV-5
  backend.access_.server_body = {{"listening", "0.0.0.0:8201"},
                                 {"version", "1.2"},
                                 {"names", {"node-a", "10.0.0.1"}},
                                 {"own_certificate", false},
                                 {"pin", "ab12"}};
  backend.fake_consumers.answer = json_answer({{"state", "nobody"}});
  EXPECT_EQ(latchkey({"server"}).out,
            "Listening 0.0.0.0:8201\n  for     node-a\n  for     10.0.0.1\n"
            "Version   1.2\nCA pin    ab12\n"
            "Leases    kept by no node yet\n");
  auto both = backend.access_.server_body;
  both["holder"] = {{"state", "nobody"}};
  EXPECT_EQ(json::parse(latchkey({"--json", "server", "show"}).out), both);
  backend.access_.server_body = {{"listening", nullptr}, {"own_certificate", true}};
  const auto shown = latchkey({"server", "show"}).out;
  EXPECT_NE(shown.find("Not listening"), std::string::npos);
  EXPECT_NE(shown.find("configured certificate"), std::string::npos);
  EXPECT_EQ(latchkey({"server", "ca"}).out, "PEM\n");
}

TEST_F(ServerVerb, SaysWhoKeepsTheLeases) {  // SPEC SRV-4
  backend.access_.server_body = {{"listening", "x"}};
  const struct {
    json holder;
    const char* expected;
  } rows[] = {
      {{{"state", "this-node"}, {"epoch", 3}, {"leases", 12}, {"recovering_s", 40}},
       "kept by this node, epoch 3, 12 held\n          nothing new is granted for 40 s"},
      {{{"state", "other-node"},
        {"name", "node-b"},
        {"epoch", 2},
        {"leases", 0},
        {"recovering_s", 0},
        {"vip", {{"address", "192.0.2.10"}, {"here", false}}}},
       "kept by node node-b, epoch 2, 0 held\nAddress   192.0.2.10 is not on this node\n"},
      {{{"state", "in-doubt"}, {"epoch", 2}}, "in doubt"},
  };
  for (const auto& row : rows) {
    backend.fake_consumers.answer = json_answer(row.holder);
    const auto out = latchkey({"server", "show"}).out;
    EXPECT_NE(out.find(row.expected), std::string::npos) << out;
  }
  latchkey({"server", "take-over", "--force"});
  ASSERT_FALSE(backend.calls.empty());
  EXPECT_TRUE(backend.calls.back().starts_with("take-over by ")) << backend.calls.back();
  EXPECT_TRUE(backend.calls.back().ends_with(", forced")) << backend.calls.back();
}

/// The other node hands over just after the order: what is true then is told.
TEST_F(ServerVerb, TakingOverWaitsForTheHandover) {  // SPEC SRV-4
  json holder{{"state", "this-node"}, {"epoch", 2}, {"leases", 0}, {"recovering_s", 120}};
  backend.fake_consumers.taken = json_answer(holder);
  holder["leases"] = 7;
  holder["recovering_s"] = 0;
  backend.fake_consumers.answer = json_answer(holder);
  EXPECT_EQ(latchkey({"server", "take-over"}).out,
            "Leases    kept by this node, epoch 2, 7 held\n");
}

TEST_F(ServerVerb, PrintsATokenAlone) {  // SPEC SRV-2
  backend.access_.result = {
      {"token", "LKE-1"}, {"role", "consumer"}, {"expires", "2026-06-02T00:00:00Z"}};
  const auto made =
      latchkey({"server", "token", "create", "--role", "consumer", "--name", "web", "--for", "7d"});
  EXPECT_EQ(made.exit_code, kOk);
  EXPECT_EQ(made.out, "LKE-1\n");
  EXPECT_EQ(made.err, "Good for one consumer, until 2026-06-02 00:00 UTC.\n");
  ASSERT_EQ(calls().size(), 1U);
  EXPECT_TRUE(calls()[0].ends_with("for consumer web 604800")) << calls()[0];
  for (const char* bad : {"7", "d", "7w", "-1h", "1.5h", "99999999h"})
    EXPECT_EQ(latchkey({"server", "token", "create", "--role", "consumer", "--name", "web",
                        std::string("--for=") + bad})
                  .exit_code,
              kRefused)
        << bad;
  EXPECT_EQ(latchkey({"server", "token", "create", "--role", "emperor", "--name", "web"}).exit_code,
            kUsage);
  EXPECT_EQ(calls().size(), 1U);
}

TEST_F(ServerVerb, ListsWhatThereIs) {  // SPEC SEC-2
  for (const char* what : {"token", "identity", "account"})
    EXPECT_EQ(latchkey({"server", what, "list"}).out, "There are none.\n") << what;
  backend.access_.items = {
      {{"id", "12"}, {"name", "web"}, {"role", "consumer"}, {"state", "good"}, {"by", "root"}}};
  for (const char* what : {"token", "identity", "account"})
    EXPECT_NE(latchkey({"server", what, "list"}).out.find("consumer"), std::string::npos) << what;
}

TEST_F(ServerVerb, RevokesWithAReason) {  // SPEC SEC-2
  backend.access_.result =
      json::parse(R"({"nodes": [{"name": "anna", "has": true}, {"name": "bert", "has": false}]})");
  const auto revoked = latchkey({"server", "identity", "revoke", "12", "--reason", "it is lost"});
  EXPECT_EQ(revoked.exit_code, kOk) << revoked.err;
  EXPECT_EQ(
      revoked.out,
      "Revoked 12.\nNode anna knows of it.\nNode bert does not know of it yet; it learns of it as "
      "soon as the link between the nodes is up.\n");
  EXPECT_TRUE(calls().at(0).ends_with("of 12 for it is lost"));
  latchkey({"server", "identity", "revoke", "13"});
  EXPECT_TRUE(calls().at(1).ends_with("of 13 for "));
  backend.access_.result = fail("unknown-identity", "There is no identity 14.", "Look.");
  const auto refused = latchkey({"server", "identity", "revoke", "14"});
  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_NE(refused.err.find("There is no identity 14."), std::string::npos);
}

TEST_F(ServerVerb, SetsAnAccountWithAPasswordThatIsNoArgument) {  // SPEC SEC-2
  ::setenv("LATCHKEY_PASSWORD", "correct horse battery", 1);
  const auto set = latchkey({"server", "account", "set", "mary", "--role", "operator"});
  ::unsetenv("LATCHKEY_PASSWORD");
  EXPECT_EQ(set.exit_code, kOk) << set.err;
  EXPECT_EQ(set.out, "Account mary is operator.\n");
  EXPECT_TRUE(calls().at(0).ends_with("mary operator correct horse battery"));
  EXPECT_EQ(latchkey({"server", "account", "delete", "mary"}).exit_code, kOk);
  EXPECT_TRUE(calls().at(1).ends_with("mary"));
}

/// A password is for people: what a machine may do, it may do with a certificate.
TEST_F(ServerVerb, AnAccountIsNoConsumer) {  // SPEC SEC-2
  ::setenv("LATCHKEY_PASSWORD", "correct horse battery", 1);
  for (const char* role : {"consumer", "client-site"})
    EXPECT_EQ(latchkey({"server", "account", "set", "mary", "--role", role}).exit_code, kUsage);
  EXPECT_EQ(latchkey({"server", "account", "set", "ma ry", "--role", "viewer"}).exit_code,
            kRefused);
  ::unsetenv("LATCHKEY_PASSWORD");
  EXPECT_TRUE(calls().empty());
}

}  // namespace
}  // namespace latchkey::cli
