#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

json trust_body() {
  return json::parse(R"({
    "version": 3, "issued": "2026-05-01T00:00:00Z", "document": "ab", "threshold": 1,
    "origin": {"from": "installed", "at": "2026-06-01T08:00:00Z", "by": "mary", "node_name": "node-b"},
    "roots": [{"fingerprint": "11aa", "algorithm": "ed25519"}],
    "issuers": [{"name": "acme-2026", "fingerprint": "22bb", "algorithm": "ed25519", "status": "valid",
                 "scopes": ["license:kvm", "time"], "not_before": "2026-01-01T00:00:00Z",
                 "not_after": "2028-01-01T00:00:00Z"}],
    "revoked": {"issuers": ["33cc"], "licenses": ["L-7"], "key_ids": []}})");
}

TEST_F(CliTest, TrustShowSaysWhoIsBelieved) {  // SPEC SEC-5
  backend.trust_body = trust_body();
  const auto shown = latchkey({"trust", "show"});
  EXPECT_EQ(shown.exit_code, kOk);
  EXPECT_EQ(shown.out,
            "Trust bundle version 3, issued 2026-05-01 00:00 UTC, installed 2026-06-01 08:00 UTC "
            "by mary on node-b\n"
            "Roots (1 of 1 must sign the next bundle)\n"
            "  11aa  ed25519\n"
            "Issuing keys\n"
            "  acme-2026  22bb  valid\n"
            "    issues license:kvm, time, 2026-01-01 00:00 UTC to 2028-01-01 00:00 UTC\n"
            "Revoked   issuing key 33cc\n"
            "Revoked   license L-7\n");
  EXPECT_EQ(json::parse(latchkey({"--json", "trust", "show"}).out), backend.trust_body);
  backend.trust_body["origin"] = {{"from", "configuration"}, {"file", "/etc/bundle.json"}};
  EXPECT_NE(latchkey({"trust", "show"}).out.find("from /etc/bundle.json\n"), std::string::npos);
  backend.trust_body = {{"version", 0}};
  EXPECT_NE(latchkey({"trust", "show"}).out.find("No trust bundle is in force"), std::string::npos);
}

TEST_F(CliTest, TrustInstallSendsTheFile) {  // SPEC SEC-5, LIC-10
  const auto file = golden_path("ready.json");
  backend.trust_result = json::parse(R"({
    "succeeded": 2, "failed": 0, "documents": [
      {"name": "document 1", "result": "installed", "trust_version": 3},
      {"name": "document 2", "result": "in-force", "trust_version": 2}],
    "nodes": [{"id": "a", "name": "anna", "has": true}, {"id": "b", "name": "bert", "has": false}]})");
  const auto installed = latchkey({"trust", "install", file});
  EXPECT_EQ(installed.exit_code, kOk);
  EXPECT_EQ(
      installed.out,
      "Installed trust bundle version 3; it is in force.\n"
      "Trust bundle version 2 is in force already.\n"
      "2 documents installed (2 entries), 0 refused (0 entries).\n"
      "Node anna has it.\n"
      "Node bert has not got it yet; it learns of it as soon as the link between the nodes is "
      "up.\n");
  const auto calls = server.run([&] { return backend.calls; });
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_TRUE(calls[0].ends_with(" of " + read_file(file)));
  backend.trust_result = fail("older-than-current", "Version 2 is old.", "Take the newest.");
  const auto refused = latchkey({"trust", "install", file});
  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_NE(refused.err.find("[older-than-current]"), std::string::npos);
  EXPECT_EQ(latchkey({"trust", "install", "/nowhere"}).exit_code, kRefused);
}

}  // namespace
}  // namespace latchkey::cli
