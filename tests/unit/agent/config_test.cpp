#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/usbkey/key_id.h"
#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> problems_of(std::string_view toml) {
  std::vector<std::string> out;
  const auto config = parse_config(toml, "a.toml");
  if (!config)
    for (const auto& problem : config.error()) out.push_back(to_string(problem));
  return out;
}

TEST(Config, AnEmptyFileGivesTheDefaults) {
  const auto config = parse_config("", "a.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->state_dir, "/var/lib/latchkey");
  EXPECT_FALSE(config->node.name.empty());
  EXPECT_EQ(config->keys.settle, std::chrono::seconds(3));   // SPEC KEY-11
  EXPECT_EQ(config->keys.rescan, std::chrono::seconds(30));  // SPEC KEY-13
  EXPECT_EQ(config->peer.hold, std::chrono::seconds(30));    // SPEC KEY-12
  EXPECT_TRUE(config->keys.emulated_port.empty());
  EXPECT_TRUE(config->peer.listen.empty());  // SPEC SEC-1: no listener unless configured
}

TEST(Config, ReadsEveryKey) {
  const auto config = parse_config(R"(
state_dir = "/s"
[node]
name = "node-a"
[api]
socket = "/r/agent.sock"
viewer_group = "v"
admin_group = "a"
consumer_group = "c"
[keys]
settle_s = 60
rescan_s = 5
udev = false
emulated_port = "/r/port.sock"
call_deadline_ms = 100
[trust]
roots = ["/t/root.pub", "/t/next.pub"]
bundle = "/t/bundle.json"
[peer]
listen = "[::]:8202"
advertise = "10.0.0.1:8202"
hold_s = 1
[log]
level = "debug"
)",
                                   "a.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->node.name, "node-a");
  EXPECT_EQ(config->api.socket, "/r/agent.sock");
  EXPECT_EQ(config->api.consumer_group, "c");
  EXPECT_EQ(config->keys.settle, std::chrono::seconds(60));
  EXPECT_FALSE(config->keys.udev);
  EXPECT_EQ(config->keys.call_deadline, std::chrono::milliseconds(100));
  EXPECT_THAT(config->trust.roots, ElementsAre("/t/root.pub", "/t/next.pub"));
  EXPECT_EQ(config->peer.listen, "[::]:8202");
  EXPECT_EQ(config->log_level, log::Level::debug);
}

TEST(Config, SaysEverythingThatIsWrongAtOnce) {
  EXPECT_THAT(
      problems_of("state_dir = 7\n"
                  "[keys]\n"
                  "settle_s = 61\n"
                  "setle_s = 3\n"
                  "emulated_port = \"port.sock\"\n"
                  "[peer]\n"
                  "listen = \"8202\"\n"
                  "[log]\n"
                  "level = \"loud\"\n"
                  "[nod]\n"),
      ElementsAre("a.toml:1: state_dir: must be a string in quotes; correct the value",
                  "a.toml:3: keys.settle_s: is 61, out of range; choose 0 to 60",
                  "a.toml:4: keys.setle_s: is not a known key; correct its spelling or remove it",
                  "a.toml:5: keys.emulated_port: must be an absolute path; start it with a slash",
                  "a.toml:7: peer.listen: \"8202\" is not ADDRESS:PORT; write for example "
                  "\"0.0.0.0:8202\" or \"[::]:8202\"",
                  "a.toml:9: log.level: \"loud\" is not known; use one of: debug, info, "
                  "warning, error",
                  "a.toml:10: nod: is not a known key; correct its spelling or remove it"));
}

TEST(Config, RefusesValuesOutOfRangeAndMalformed) {
  const struct {
    const char* toml;
    const char* starts;
  } cases[] = {
      {"[keys]\nsettle_s = -1\n", "a.toml:2: keys.settle_s"},
      {"[keys]\nrescan_s = 0\n", "a.toml:2: keys.rescan_s"},
      {"[keys]\ncall_deadline_ms = 99\n", "a.toml:2: keys.call_deadline_ms"},
      {"[keys]\nudev = 1\n", "a.toml:2: keys.udev"},
      {"keys = 1\n", "a.toml:1: keys: must be a table"},
      {"[peer]\nlisten = \"host:0\"\n", "a.toml:2: peer.listen"},
      {"[peer]\nlisten = \"::1:8202\"\n", "a.toml:2: peer.listen"},
      {"[peer]\nhold_s = 3601\n", "a.toml:2: peer.hold_s"},
      {"[trust]\nroots = \"/a\"\n", "a.toml:2: trust.roots"},
      {"[trust]\nroots = [\"a\"]\n", "a.toml:2: trust.roots"},
      {"[node]\nname = \"\"\n", "a.toml:2: node.name"},
      {"[keys\n", "a.toml:1: "},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems_of(c.toml), ElementsAre(testing::StartsWith(c.starts))) << c.toml;
}

TEST(Config, ThePageWithoutTlsIsForThisMachineAlone) {  // SPEC SEC-1
  const struct {
    const char* listen;
    bool taken;
  } rows[] = {
      {"127.0.0.1:8280", true},
      {"[::1]:8280", true},
      {"127.8.8.8:1", true},
      {"0.0.0.0:8280", false},
      {"[::]:8280", false},
      {":8280", false},
      {"10.0.0.1:8280", false},
      {"localhost:8280", false},
      {"[fe80::1]:8280", false},
      {"127.evil:8280", false},
      {"[::ffff:127.0.0.1]:1", false},
  };
  for (const auto& row : rows) {
    const auto toml = "[web]\nlisten = \"" + std::string(row.listen) + "\"\n";
    const auto config = parse_config(toml, "a.toml");
    EXPECT_EQ(config.has_value(), row.taken) << row.listen;
    EXPECT_EQ(config ? config->web.listen : row.listen, row.listen);
  }
  EXPECT_THAT(problems_of("[web]\nlisten = \"0.0.0.0:8280\"\n"),
              ElementsAre("a.toml:2: web.listen: 0.0.0.0:8280 is no loopback address, and the page "
                          "has no TLS there; write 127.0.0.1:8280 or [::1]:8280; for other "
                          "machines set server.listen"));
  EXPECT_TRUE(Config{}.web.listen.empty());
}

TEST(Config, TakesTheManagementKeysFromTheirFile) {
  const test::TempDir dir;
  const auto path = (dir.path() / "management.keys").string();
  const auto toml = "[keys]\npiv_management_keys = \"" + path + "\"\n";
  const auto write = [&](const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  };
  const auto problem = testing::StartsWith("a.toml:2: keys.piv_management_keys: " + path);
  EXPECT_THAT(problems_of(toml), ElementsAre(problem)) << "not there";
  write("no key\n", 0600);
  EXPECT_THAT(problems_of(toml + "udev = 1\n"), testing::SizeIs(2)) << "with the others";
  write("# none yet\n", 0644);
  EXPECT_THAT(problems_of(toml), ElementsAre(problem)) << "readable by others";

  write("# none yet\n", 0600);
  const auto before = parse_config(toml, "a.toml");
  ASSERT_TRUE(before);
  write(piv::ManagementKeys::line(key_id(Bytes{1}), piv::factory_management_key()), 0600);
  const auto after = parse_config(toml, "a.toml");
  ASSERT_TRUE(after) << to_string(after.error().at(0));
  EXPECT_NE(after->keys.management_keys.find(key_id(Bytes{1})), nullptr);
  EXPECT_THAT(needs_restart(*before, *after), ElementsAre("keys.piv_management_keys"));
}

TEST(Config, TakesTheCatalogueFromItsFile) {  // SPEC LIC-11
  const test::TempDir dir;
  const auto path = (dir.path() / "catalog.toml").string();
  const auto toml = "[catalog]\nfile = \"" + path + "\"\n";
  EXPECT_EQ(parse_config("", "a.toml")->catalog.content, default_catalog());
  EXPECT_THAT(problems_of(toml), ElementsAre(testing::StartsWith(path + ": cannot be read")));
  std::ofstream(path) << "[units]\ncup = { one = \"cup\" }\n";
  EXPECT_THAT(problems_of(toml + "size = 1\n"),
              ElementsAre(testing::StartsWith("a.toml:3: catalog.size: "),
                          testing::StartsWith(path + ":1: describes no object"),
                          testing::StartsWith(path + ":2: units.cup: has no `many`")));
  std::ofstream(path) << "[units]\ncup = { one = \"cup\", many = \"cups\" }\n"
                         "[objects.teapot]\nname = \"Teapot\"\nkind = \"base\"\nunits = "
                         "[\"cup\"]\n";
  const auto config = parse_config(toml, "a.toml");
  ASSERT_TRUE(config) << to_string(config.error().at(0));
  EXPECT_EQ(config->catalog.content.objects.size(), 1u);
  EXPECT_THAT(needs_restart(Config{}, *config), testing::Not(testing::Contains("catalog")));
}

TEST(Config, AMissingFileIsNamed) {
  const auto config = load_config("/nonexistent/agent.toml");
  ASSERT_FALSE(config);
  EXPECT_FALSE(load_config("/")) << "a directory";
  EXPECT_THAT(to_string(config.error().at(0)), testing::StartsWith("/nonexistent/agent.toml: "));
  const test::TempDir dir;
  std::ofstream(dir.path() / "large") << std::string(256 * 1024, '\n');
  EXPECT_TRUE(load_config(dir.path() / "large"));
  std::ofstream(dir.path() / "large", std::ios::app) << '\n';
  EXPECT_FALSE(load_config(dir.path() / "large"));
}

TEST(Config, AReloadSaysWhatNeedsARestart) {
  const Config running;
  Config wanted;
  wanted.log_level = log::Level::debug;
  wanted.keys.rescan = std::chrono::seconds(5);
  wanted.trust.bundle = "/t/bundle.json";
  EXPECT_THAT(needs_restart(running, wanted), IsEmpty());
  wanted.keys.emulated_port = "/p";
  wanted.peer.listen = "0.0.0.0:1";
  wanted.web.listen = "127.0.0.1:1";
  EXPECT_THAT(needs_restart(running, wanted), ElementsAre("keys.emulated_port", "peer", "web"));
}

}  // namespace
}  // namespace latchkey
