#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

const json kEntry{{"object", "kvm"},
                  {"object_name", "ZStack Cloud"},
                  {"unit", "cpu-socket"},
                  {"unit_name", "CPU sockets"},
                  {"known", true},
                  {"quantity", 10},
                  {"kind", "base"},
                  {"not_before", "2026-01-01T00:00:00Z"},
                  {"not_after", "2027-01-01T00:00:00Z"},
                  {"status", "valid"}};

json installation(const std::string& state, const std::string& message, bool peer_has) {
  const json result{{"document", "aa"},
                    {"id", "L-2"},
                    {"key", "LK-0"},
                    {"result", "installed"},
                    {"used", true},
                    {"key_storage", {{"state", state}, {"node", "a"}, {"message", message}}},
                    {"entries", json::array({kEntry})}};
  return {{"succeeded", 1},
          {"failed", 0},
          {"documents", json::array({result})},
          {"nodes",
           {{{"id", "a"}, {"name", "node-a"}, {"has", true}},
            {{"id", "b"}, {"name", "node-b"}, {"has", peer_has}}}}};
}

class LicenseVerbTest : public CliTest {
 protected:
  std::string file(const std::string& content) const {
    const auto path = (dir_.path() / "license").string();
    std::ofstream(path) << content;
    return path;
  }

  test::TempDir dir_;
};

TEST_F(LicenseVerbTest, InstallSaysWhatBecameOfIt) {  // SPEC LIC-8, LIC-10
  backend.install_result = installation("written", "The key carries it.", true);
  const auto done = latchkey({"license", "install", file("{\"envelope\": 1}\n")});
  EXPECT_EQ(done.exit_code, kOk);
  EXPECT_EQ(done.out,
            "Installed license L-2 for key LK-0; it is in use now.\n"
            "  ZStack Cloud (base), 10 CPU sockets, 2026-01-01 00:00 UTC to 2027-01-01 00:00 UTC\n"
            "Key: The key carries it.\n"
            "Node node-a has it.\n"
            "Node node-b has it.\n");
  const auto calls = server.run([&] { return backend.calls; });
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(calls[0].ends_with(" of {\"envelope\": 1}\n")) << "byte for byte";
}

TEST_F(LicenseVerbTest, InstallNamesTheNodeThatHasNotGotIt) {  // SPEC LIC-10
  backend.install_result = installation("refused", "The key cannot store it.", false);
  const auto done = latchkey({"license", "install", file("{}")});
  EXPECT_EQ(done.exit_code, kOk);
  EXPECT_NE(done.out.find("Key: The key cannot store it.\n"), std::string::npos);
  EXPECT_NE(done.out.find("Node node-b has not got it yet; it learns of it"), std::string::npos);
  EXPECT_EQ(json::parse(latchkey({"--json", "license", "install", file("{}")}).out),
            *backend.install_result);
}

TEST_F(LicenseVerbTest, ARefusalKeepsItsCodeAndCure) {  // SPEC LIC-5
  backend.install_result = fail("wrong-key-id", "It is for LK-1.", "Insert that key.");
  const auto refused = latchkey({"license", "install", file("{}")});
  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err, "latchkey: It is for LK-1. [wrong-key-id]\n  Insert that key.\n");
  const auto error = latchkey({"--json", "license", "install", file("{}")});
  EXPECT_EQ(json::parse(error.out)["error"]["code"], "wrong-key-id");
}

json installed(const char* id) {
  return {{"name", id},
          {"id", id},
          {"key", ""},
          {"used", true},
          {"result", "installed"},
          {"key_storage", nullptr},
          {"entries", json::array({kEntry})}};
}
json refused(const char* id) {
  return {{"name", "document 2"},
          {"id", id},
          {"key", ""},
          {"result", "refused"},
          {"code", "expired"},
          {"message", "It is over."},
          {"cure", "Renew it."},
          {"entries", json::array({kEntry})}};
}

TEST_F(LicenseVerbTest, APackageIsShownDocumentByDocument) {  // SPEC LIC-6
  backend.install_result = {{{"succeeded", 1},
                             {"failed", 1},
                             {"documents", json::array({installed("F-1"), refused("F-2")})},
                             {"nodes", json::array()}}};
  const auto done = latchkey({"license", "install", file("{}")});
  EXPECT_EQ(done.exit_code, kRefused) << "not all of it";
  EXPECT_EQ(done.out,
            "Installed license F-1 for this deployment; it is in use now.\n"
            "  ZStack Cloud (base), 10 CPU sockets, 2026-01-01 00:00 UTC to 2027-01-01 00:00 UTC\n"
            "Refused document 2 (license F-2): It is over. [expired]\n"
            "  Renew it.\n"
            "1 documents installed (1 entries), 1 refused (1 entries).\n");
}

TEST_F(LicenseVerbTest, ALargePackageIsSummedUp) {  // SPEC LIC-6
  auto documents = json::array();
  for (int i = 0; i < 30; ++i) documents.push_back(installed("F-x"));
  documents.push_back(refused("F-2"));
  backend.install_result = {{{"succeeded", 30}, {"failed", 1}, {"documents", documents}}};
  const auto done = latchkey({"license", "install", file("{}")});
  EXPECT_EQ(std::ranges::count(done.out, '\n'), 2 * 20 + 2 + 2);
  EXPECT_NE(done.out.find("Refused document 2"), std::string::npos);
  EXPECT_TRUE(done.out.ends_with("30 documents installed (30 entries), 1 refused (1 entries).\n"));
}

TEST_F(LicenseVerbTest, DeleteSaysWhoKnows) {  // SPEC LIC-2, LIC-10
  backend.delete_result = {
      {{"id", "L-2"},
       {"nodes", {{{"name", "node-a"}, {"has", true}}, {{"name", "node-b"}, {"has", false}}}}}};
  const auto done = latchkey({"license", "delete", "L-2"});
  EXPECT_EQ(done.exit_code, kOk);
  EXPECT_EQ(done.out,
            "Deleted license L-2.\n"
            "Node node-a knows of it.\n"
            "Node node-b does not know of it yet; it learns of it as soon as the link between the "
            "nodes is up.\n");
  const auto calls = server.run([&] { return backend.calls; });
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(calls[0].ends_with(" of L-2"));
  backend.delete_result = fail("base-license", "A base license stays.", "Let it be.");
  EXPECT_EQ(latchkey({"license", "delete", "L-1"}).err,
            "latchkey: A base license stays. [base-license]\n  Let it be.\n");
}

TEST_F(LicenseVerbTest, ListNamesWhatMoved) {  // SPEC REQ-2
  json license{{"id", "F-1"},
               {"key", ""},
               {"status", "valid"},
               {"used", true},
               {"stored", "agents"},
               {"superseded_by", ""},
               {"issued", "2026-01-01T00:00:00Z"},
               {"environment", {{"fits", true}, {"misfit", "node b: dmi-uuid changed"}}}};
  backend.license_list["licenses"] = {license};
  EXPECT_EQ(latchkey({"license", "list"}).out,
            "F-1  this deployment  valid, in use, kept by the agents\n"
            "  issued 2026-01-01 00:00 UTC\n"
            "  still fits, but: node b: dmi-uuid changed\n");
  license.update({{"used", false}, {"superseded_by", "F-2"}});
  license["environment"]["fits"] = false;
  backend.license_list["licenses"] = {license};
  EXPECT_EQ(latchkey({"license", "list"}).out,
            "F-1  this deployment  valid, not in use, replaced by F-2, kept by the agents\n"
            "  issued 2026-01-01 00:00 UTC\n"
            "  does not fit: node b: dmi-uuid changed\n");
}

TEST_F(LicenseVerbTest, AFileThatCannotBeALicenseNeverReachesTheAgent) {
  const std::pair<std::string, std::string> rows[] = {
      {dir_.path() / "nowhere", "unreadable-file"},
      {dir_.path(), "unreadable-file"},
      {file(""), "unreadable-file"},
  };
  for (const auto& [path, code] : rows) {
    const auto refused = latchkey({"license", "install", path});
    EXPECT_EQ(refused.exit_code, kRefused) << path;
    EXPECT_NE(refused.err.find("[" + code + "]"), std::string::npos) << refused.err;
  }
  const auto large = latchkey({"license", "install", file(std::string((16 << 20) + 1, ' '))});
  EXPECT_NE(large.err.find("[invalid-format]"), std::string::npos) << large.err;
  EXPECT_TRUE(server.run([&] { return backend.calls; }).empty());
  EXPECT_EQ(latchkey({"license", "install"}).exit_code, kUsage);
}

TEST_F(LicenseVerbTest, ListShowsWhereEachLicenseIs) {  // SPEC LIC-9, LIC-11
  const auto license = [](const char* id, const char* stored, bool used, const json& installed) {
    return json{{"id", id},
                {"key", "LK-0"},
                {"status", "valid"},
                {"used", used},
                {"stored", stored},
                {"issued", "2026-01-01T00:00:00Z"},
                {"installed", installed},
                {"entries", json::array({kEntry})}};
  };
  backend.license_list["licenses"] = {license("L-2", "both", true,
                                              {{"at", "2026-02-01T00:00:00Z"},
                                               {"by", "root"},
                                               {"node_name", "node-b"},
                                               {"method", "file"}}),
                                      license("L-1", "key", false, nullptr)};
  EXPECT_EQ(
      latchkey({"license", "list"}).out,
      "L-2  key LK-0  valid, in use, on the key and kept by the agents\n"
      "  issued 2026-01-01 00:00 UTC; installed 2026-02-01 00:00 UTC by root on node-b from a "
      "file\n"
      "  ZStack Cloud (base), 10 CPU sockets, 2026-01-01 00:00 UTC to 2027-01-01 00:00 UTC\n"
      "L-1  key LK-0  valid, not in use, on the key\n"
      "  issued 2026-01-01 00:00 UTC\n"
      "  ZStack Cloud (base), 10 CPU sockets, 2026-01-01 00:00 UTC to 2027-01-01 00:00 UTC\n");
  auto strange = kEntry;
  strange.update({{"object_name", "teapot"}, {"known", false}});
  backend.license_list["licenses"][0]["entries"] = json::array({strange});
  EXPECT_NE(latchkey({"license", "list"}).out.find("2027-01-01 00:00 UTC, not in the catalogue\n"),
            std::string::npos);
  backend.license_list["licenses"] = json::array();
  EXPECT_EQ(latchkey({"license", "list"}).out, "No license is known here.\n");
}

}  // namespace
}  // namespace latchkey::cli
