#include <nlohmann/json.hpp>
#include <thread>

#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

constexpr const char* kKey = "LK-0A1B2-C3D4E-F5G6H-7J8K9-X";

TEST_F(CliTest, KeyIdStandsAloneOnOneLine) {  // SPEC REQ-3
  publish(golden_status("ready"));
  EXPECT_EQ(latchkey({"key", "id"}).out, std::string(kKey) + "\n");
  EXPECT_EQ(latchkey({"key", "id", "--json"}).out, R"({"key":")" + std::string(kKey) + "\"}\n");
}

TEST_F(CliTest, KeyIdIsThereForOrderingTheFirstLicense) {  // SPEC REQ-3, KEY-3 unprovisioned
  auto status = golden_status("fault-busy");
  status["keys"][0]["key"] = kKey;
  publish(status);
  EXPECT_EQ(latchkey({"key", "id"}).out, std::string(kKey) + "\n");
}

TEST_F(CliTest, KeyIdNeverGuesses) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"missing-never-inserted", "[no-key]"},
      {"fault-busy", "[no-key]"},
      {"fault-multiple-keys", "[several-keys]"},
  };
  for (const auto& [name, code] : rows) {
    publish(golden_status(name));
    const auto outcome = latchkey({"key", "id"});
    EXPECT_EQ(outcome.exit_code, kRefused) << name;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(code), std::string::npos) << outcome.err;
  }
}

TEST_F(CliTest, ForecastSaysWhatARemovalWouldDo) {  // SPEC BUF-9
  const std::vector<std::pair<std::string, std::string>> rows{
      {"ready", "If removed now: buffer until 2026-01-31 00:00 UTC (30 days).\n"},
      {"ready-inherits-a-buffer-that-is-over",
       "If removed now: buffer until 2025-12-20 00:00 UTC (0 days: it inherits a buffer that is "
       "over).\n"},
      {"ready-expired",
       "If removed now: no buffer, because the key's license has nothing left to bridge.\n"},
      {"missing-buffer-running",
       "No key is in use, so there is none whose removal would start a buffer.\n"},
  };
  for (const auto& [name, expected] : rows) {
    publish(golden_status(name));
    EXPECT_EQ(latchkey({"key", "forecast"}).out, expected) << name;
  }
  publish(golden_status("ready"));
  EXPECT_EQ(json::parse(latchkey({"key", "forecast", "--json"}).out)["if_removed_now"]["until"],
            "2026-01-31T00:00:00Z");
}

TEST_F(CliTest, KeyShowListsEveryKey) {
  publish(golden_status("abnormal"));
  const auto out = latchkey({"key", "show"}).out;
  EXPECT_NE(out.find(std::string(kKey) + "  works, in use"), std::string::npos);
  EXPECT_NE(out.find("node-b          LK-ZZZZ2"), std::string::npos);
}

TEST_F(CliTest, AdministratorsVerbsReachTheAgent) {
  const auto refreshed = latchkey({"key", "refresh"});
  const auto invited = latchkey({"peer", "invite"});
  const auto joined = latchkey({"peer", "join", "LKP\"1"});
  for (const auto& outcome : {refreshed, invited, joined}) EXPECT_EQ(outcome.exit_code, kOk);
  EXPECT_EQ(invited.out, "LKP-TOKEN\n");
  const auto calls = server.run([&] { return backend.calls; });
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_TRUE(calls[0].starts_with("refresh by "));
  EXPECT_TRUE(calls[1].starts_with("invite by "));
  EXPECT_TRUE(calls[2].ends_with(" with LKP\"1"));
}

TEST_F(CliTest, AnInvitationOfAPairedNodeSaysWhomItReplaces) {
  EXPECT_EQ(latchkey({"peer", "invite"}).err.find("takes its place"), std::string::npos);
  server.run([&] {
    backend.snapshot_.peer =
        std::make_shared<const std::string>(R"({"link":"up","node":"0b","name":"node-b"})");
  });
  const auto invited = latchkey({"peer", "invite"});
  EXPECT_EQ(invited.out, "LKP-TOKEN\n");
  EXPECT_TRUE(invited.err.ends_with(
      "This node is paired with node-b: who joins takes its place, for good.\n"))
      << invited.err;
}

TEST_F(CliTest, ARefusalKeepsItsCodeAndCure) {
  backend.join_result = fail("token-expired", "The token is over.", "Invite again.");
  const auto outcome = latchkey({"peer", "join", "x"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_EQ(outcome.err, "latchkey: The token is over. [token-expired]\n  Invite again.\n");
  const auto error = json::parse(latchkey({"--json", "peer", "join", "x"}).out)["error"];
  EXPECT_EQ(error["code"], "token-expired");
  EXPECT_EQ(error["cure"], "Invite again.");
}

TEST_F(CliTest, PeerShowsBothNodes) {
  auto status = golden_status("peer-unreachable");
  auto& nodes = status["deployment"]["nodes"];
  ASSERT_EQ(nodes.size(), 2U);
  std::swap(nodes[0], nodes[1]);  // by id they may come in either order
  publish(status);
  EXPECT_EQ(latchkey({"peer"}).out,
            "Nodes     node-a          this node\n"
            "          node-b          unreachable (connecting); its keys do not count here\n");
  server.run([&] {
    backend.snapshot_.peer = std::make_shared<const std::string>(
        R"({"link":"connecting","last_error":{"code":"c","message":"No route.","cure":"Look."}})");
  });
  EXPECT_TRUE(latchkey({"peer"}).out.ends_with("Link      No route. [c]\n          Look.\n"));
  publish(golden_status("emulated-port"));
  EXPECT_NE(latchkey({"peer", "show"}).out.find("Not paired."), std::string::npos);
}

TEST_F(CliTest, RecordsAreFilteredAndPaged) {  // SPEC REC-2
  backend.record_page = {{"records",
                          {{{"position", 9},
                            {"at", "2026-01-01T00:00:00Z"},
                            {"node_name", "node-a"},
                            {"kind", "key-read"},
                            {"text", "key works"}}}},
                         {"next", 9}};
  const auto outcome = latchkey({"record", "list", "--kind", "key-read", "--node", "a b&c",
                                 "--limit", "1", "--before", "12"});
  EXPECT_EQ(outcome.out, "2026-01-01T00:00:00Z  node-a  key-read  key works\n");
  EXPECT_EQ(outcome.err, "Older ones: --before 9\n");
  const auto query = server.run([&] { return backend.last_query; });
  EXPECT_EQ(query.kind, "key-read");
  EXPECT_EQ(query.node, "a b&c");
  EXPECT_EQ(query.limit, 1U);
  EXPECT_EQ(query.before, 12U);
}

TEST_F(CliTest, RecordsAreExportedPageByPage) {  // SPEC REC-2
  backend.record_pages = [](const RecordQuery& query) -> json {
    const auto position = query.before == 0 ? 3 : query.before - 1;
    return {{"records", {{{"position", position}, {"by", query.who}}}},
            {"next", position == 1 ? 0 : position}};
  };
  const std::string csv = latchkey({"record", "export", "--who", "mary"}).out;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4) << csv;
  EXPECT_TRUE(csv.starts_with("position,at,"));
  EXPECT_NE(csv.find("\r\n3,,,,,,mary,"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\r\n1,,,,,,mary,"), std::string::npos) << csv;
  for (const auto& arguments : {std::vector<std::string>{"record", "export", "--format", "json"},
                                std::vector<std::string>{"--json", "record", "export"}}) {
    const auto all = json::parse(latchkey(arguments).out);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[2]["position"], 1);
  }
  // A page of the list that ended early is filled up from the next one.
  const auto listed = json::parse(latchkey({"--json", "record", "list", "--limit", "2"}).out);
  EXPECT_EQ(listed["records"].size(), 2U);
  EXPECT_EQ(listed["next"], 2);
}

TEST_F(CliTest, RecordFiltersReachTheAgent) {  // SPEC REC-2
  backend.record_page = {{"records", json::array()}, {"next", 0}};
  const auto none = latchkey({"record", "list", "--who", "mary", "--result", "refused", "--text",
                              "a b", "--since", "2026-01-31", "--until", "2026-02-01T00:00:00Z"});
  EXPECT_EQ(none.out + none.err, "No record fits.\n");
  const auto query = server.run([&] { return backend.last_query; });
  EXPECT_EQ(query.who, "mary");
  EXPECT_EQ(query.result, "refused");
  EXPECT_EQ(query.text, "a b");
  EXPECT_EQ(query.since, parse_time("2026-01-31T00:00:00Z"));
  EXPECT_EQ(query.until, parse_time("2026-02-01T00:00:00Z"));
  EXPECT_EQ(latchkey({"record", "list", "--result", "good"}).exit_code, kUsage);
  EXPECT_EQ(latchkey({"record", "export", "--since", "yesterday"}).exit_code, kRefused);
}

TEST_F(CliTest, LicenseRecordsAreListedAndExported) {  // SPEC REC-1
  backend.license_record_page = {{"records",
                                  {{{"at", "2026-01-01T00:00:00Z"},
                                    {"license", "L-1"},
                                    {"object_name", "KVM hosts"},
                                    {"kind", "base"},
                                    {"quantity", 10},
                                    {"unit", "cpu-socket"},
                                    {"not_before", "2026-01-01T00:00:00Z"},
                                    {"not_after", "2027-01-01T00:00:00Z"},
                                    {"status", "valid"},
                                    {"method", "file"},
                                    {"by", "mary"},
                                    {"node_name", "node-a"}}}},
                                 {"next", 0}};
  EXPECT_EQ(latchkey({"record", "licenses", "--kind", "base", "--status", "valid"}).out,
            "2026-01-01T00:00:00Z  L-1  KVM hosts (base), 10 cpu-socket, 2026-01-01 00:00 UTC to "
            "2027-01-01 00:00 UTC  valid  file by mary on node-a\n");
  const auto query = server.run([&] { return backend.last_query; });
  EXPECT_EQ(query.kind, "base");
  EXPECT_EQ(query.result, "valid");
  const auto csv = latchkey({"record", "licenses", "--format", "csv"}).out;
  EXPECT_TRUE(csv.starts_with("at,batch,kind,object,object_name,unit,quantity,method,status,"));
  EXPECT_NE(csv.find("\r\n2026-01-01T00:00:00Z,,base,,KVM hosts,cpu-socket,10,file,valid,"),
            std::string::npos)
      << csv;
  EXPECT_EQ(json::parse(latchkey({"--json", "record", "licenses"}).out),
            backend.license_record_page["records"]);
}

TEST_F(CliTest, RecordVerifySaysWhatIsBroken) {  // SPEC REC-2
  backend.verify_result =
      json{{"facts", 3},
           {"chains", {{{"chain", "ab"}, {"node_name", "node-b"}, {"facts", 3}}}},
           {"lease_rows", 7}};
  EXPECT_EQ(latchkey({"record", "verify"}).out,
            "Every record is there and unaltered (3 records).\n  node-b  3 records in chain ab\n"
            "The journal of leases is sound (7 rows).\n");
  backend.verify_result = fail("chain-broken", "Chain 1f, fact 7 was altered.", "Restore it.");
  const auto outcome = latchkey({"record", "verify"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_NE(outcome.err.find("fact 7 was altered. [chain-broken]"), std::string::npos);
}

/// A list of records on a full disk must not look whole.
TEST_F(CliTest, WhatCannotBeWrittenIsAFailure) {
  publish(golden_status("ready"));
  const auto socket = server.path();
  const char* const argv[] = {"latchkey", "--socket", socket.c_str(), "status"};
  std::ostringstream full, err;
  full.setstate(std::ios::badbit);
  EXPECT_EQ(run(4, argv, full, err, false), kRefused);
  EXPECT_NE(err.str().find("[cannot-write]"), std::string::npos) << err.str();
}

TEST_F(CliTest, ExitCodesAreAsDocumented) {
  EXPECT_EQ(latchkey({}).exit_code, kUsage);
  EXPECT_EQ(latchkey({"bogus"}).exit_code, kUsage);
  EXPECT_EQ(latchkey({"record", "list", "--limit", "0"}).exit_code, kUsage);
  EXPECT_EQ(latchkey({"peer", "join"}).exit_code, kUsage);
  EXPECT_EQ(latchkey({"key", "shwo"}).err,
            "latchkey: `latchkey key` has no command `shwo`. [usage]\n"
            "  `latchkey key --help` lists its commands.\n");
  EXPECT_EQ(latchkey({}).err,
            "latchkey: `latchkey` wants a command. [usage]\n"
            "  `latchkey --help` lists its commands.\n");
  EXPECT_EQ(latchkey({"peer", "join"}).err,
            "latchkey: TOKEN is required. [usage]\n"
            "  `latchkey peer join --help` says how it is written.\n");
  EXPECT_EQ(json::parse(latchkey({"key", "shwo", "--json"}).out)["error"]["code"], "usage");
  EXPECT_EQ(latchkey({"--help"}).exit_code, kOk);
  EXPECT_EQ(latchkey({"--version"}).exit_code, kOk);
  for (const auto* verb : {"status", "watch"})
    EXPECT_EQ(latchkey_at("/nowhere/agent.sock", {verb}).exit_code, kUnreachable) << verb;
  EXPECT_EQ(latchkey_at(std::string(300, 'x'), {"status"}).exit_code, kUnreachable);
  backend.refresh_result = fail("not-permitted", "No.", "");
  EXPECT_EQ(latchkey({"key", "refresh"}).exit_code, kNotPermitted);
}

TEST_F(CliTest, WatchPrintsChangesUntilTheAgentGoes) {
  auto status = golden_status("ready");
  publish(status);
  Outcome outcome{};
  std::thread watching([&] { outcome = latchkey({"watch"}); });
  ASSERT_TRUE(
      test::eventually([&] { return server.run([&] { return backend.sinks.size(); }) == 1; }));
  status["time"] = "2026-01-01T00:00:01Z";
  publish(status);  // no change that a person would see
  publish(golden_status("missing-buffer-running"));
  server.run([&] { backend.sinks.clear(); });
  watching.join();
  EXPECT_EQ(outcome.exit_code, kUnreachable);
  EXPECT_EQ(outcome.out, "2026-01-01T00:00:00Z  Ready  key " + std::string(kKey) +
                             "  peer reachable\n2026-01-01T00:30:05Z  Missing (removed)  buffer "
                             "until 2026-01-31 00:00 UTC  peer reachable\n");
}

}  // namespace
}  // namespace latchkey::cli
