#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/deflate.h"
#include "core/license/package_tar.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cli/fixture.h"
#include "tools/latchkey/bundle/agent_answers.h"
#include "tools/latchkey/bundle/command.h"
#include "tools/latchkey/bundle/configuration.h"
#include "tools/latchkey/bundle/journal.h"
#include "tools/latchkey/bundle/machine_facts.h"
#include "tools/latchkey/bundle/pick.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::string_view_literals::operator""sv;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

using Files = std::map<std::string, std::string>;

Files unpacked(const std::string& archive) {
  Files files;
  const auto tar = inflate(as_bytes(archive), Wrapper::gzip, 1 << 24);
  EXPECT_TRUE(tar.has_value());
  if (!tar) return files;
  const auto read = read_tar(*tar, 1 << 24, [&](const std::string& name, const Bytes& content) {
    files[name.substr(name.find('/') + 1)] = as_text(content);
    return Result<void>();
  });
  EXPECT_TRUE(read.has_value());
  return files;
}

TEST(PickTest, TellsWhatIsAllowedAndNothingElse) {
  constexpr std::array kMay = {"a"sv, "b.c"sv, "list.id"sv, "names"sv};
  const struct {
    const char *value, *told, *left_out;
  } rows[] = {
      {R"({"a":1,"b":{"c":2}})", R"({"a":1,"b":{"c":2}})", ""},
      {R"({"a":1,"new":"secret"})", R"({"a":1})", "new"},
      {R"({"b":{"c":2,"d":3},"bc":4})", R"({"b":{"c":2}})", "b.d bc"},
      {R"({"list":[{"id":1,"key":2},{"id":3}]})", R"({"list":[{"id":1},{"id":3}]})", "list.key"},
      {R"({"names":["x",{"y":"z"}]})", R"({"names":["x"]})", "names"},
      {R"({"a":{"inner":"secret"}})", "{}", "a"},
      {R"({"b":"secret","list":["secret"]})", R"({"list":[]})", "b list"},
      {R"({"b":null,"list":[]})", R"({"b":null,"list":[]})", ""},
      {R"(["secret"])", "{}", ""},
  };
  for (const auto& row : rows) {
    std::set<std::string> paths;
    EXPECT_EQ(pick(json::parse(row.value), kMay, paths), json::parse(row.told)) << row.value;
    std::string all;
    for (const auto& path : paths) all += (all.empty() ? "" : " ") + path;
    EXPECT_EQ(all, row.left_out) << row.value;
  }
}

TEST(BundleJournalTest, TellsEventsWithKnownFields) {
  const struct {
    const char *line, *told;
  } rows[] = {
      {"event=key-read port=1-1:7 key=LK-1", "event=key-read port=1-1:7 key=LK-1"},
      {R"(event=x detail="a \"b\" c" code=d)", R"(event=x detail="a \"b\" c" code=d)"},
      {"event=x token=LKE-abc id=1", "event=x token=(left out) id=1"},
      {R"(event=x password="a b" id=1)", "event=x password=(left out) id=1"},
      {"event=x id=1 and then some", ""},
      {"event=x detail=\"cut", ""},
      {"event=\"x y\"", ""},
      {"id=1 event=x", ""},
      {"terminate called after throwing", ""},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(told_event(row.line), row.told);
}

TEST(BundleJournalTest, LeavesOtherProgramsOut) {
  const auto line = [](const char* who, const char* message) {
    return json{{"__REALTIME_TIMESTAMP", "1700000000123456"},
                {"SYSLOG_IDENTIFIER", who},
                {"PRIORITY", "6"},
                {"MESSAGE", message}}
               .dump() +
           "\n";
  };
  std::size_t dropped = 0;
  const auto told = told_journal(line("latchkey-agent", "event=peer-up node=b") +
                                     line("systemd", "Started agent.") + line("sudo", "secret") +
                                     line("latchkey-agent", "secret") + "no JSON\n",
                                 dropped);
  EXPECT_EQ(told,
            "2023-11-14T22:13:20.123Z <6> latchkey-agent: event=peer-up node=b\n"
            "2023-11-14T22:13:20.123Z <6> systemd: Started agent.\n");
  EXPECT_EQ(dropped, 3U);
}

TEST(BundleConfigurationTest, TellsKnownSettingsWithoutComments) {
  const auto settings = read_settings(
      "state_dir = \"/srv/latchkey\"  # PIN 123456\n[keys]\nsettle_s = 3\nudev = true\n"
      "piv_management_keys = \"/k\"\npin = \"123456\"\n[trust]\nroots = [\"/a\", \"/b\"]\n"
      "[node]\nname = { a = 1 }\n");
  EXPECT_THAT(settings.text, HasSubstr("keys.settle_s = 3\n"));
  EXPECT_THAT(settings.text, HasSubstr("keys.udev = true\n"));
  EXPECT_THAT(settings.text, HasSubstr("trust.roots = ['/a', '/b']\n"));
  EXPECT_THAT(settings.text, HasSubstr("# keys.pin: not told\n"));
  EXPECT_THAT(settings.text, HasSubstr("# node.name.a: not told\n"));
  EXPECT_THAT(settings.text, Not(HasSubstr("123456")));
  EXPECT_EQ(settings.state_dir, "/srv/latchkey");
  EXPECT_THAT(settings.secrets, testing::ElementsAre("/k"));
  EXPECT_EQ(read_settings("").state_dir, "/var/lib/latchkey");
}

TEST(BundleConfigurationTest, QuotesNothingOfABrokenFile) {
  const auto settings = read_settings("[api]\npin 123456\n");
  EXPECT_EQ(settings.text, "# no TOML: line 2\n");
}

TEST(BundleConfigurationTest, KnowsEveryDocumentedSetting) {
  const auto operations = read_file(LATCHKEY_SOURCE_DIR "/docs/operations.md");
  std::istringstream lines(operations.substr(operations.find("\n| Key | Default |")));
  std::vector<std::string> documented;
  for (std::string line; std::getline(lines, line) && !line.starts_with("What is wrong in");)
    for (auto at = line.find('`'); line.starts_with("| `") && at < line.find(" | ", 1);
         at = line.find('`', line.find('`', at + 1) + 1))
      documented.push_back(line.substr(at + 1, line.find('`', at + 1) - at - 1));
  EXPECT_THAT(documented, IsSupersetOf({std::string("state_dir"), std::string("server.key"),
                                        std::string("log.level")}));
  for (const auto& name : documented) EXPECT_THAT(told_settings(), Contains(name));
}

TEST(CommandTest, ReadsWhatAProgramSaysWithinBounds) {
  EXPECT_EQ(output_of({"printf", "%s", "a b"}, 10).value(), "a b");
  EXPECT_EQ(output_of({"latchkey-no-such-program"}, 10).error().code, "no-program");
  EXPECT_EQ(output_of({"false"}, 10).error().code, "program-failed");
  EXPECT_EQ(output_of({"yes"}, 1000).error().code, "program-failed");
  EXPECT_EQ(output_of({"sleep", "1000"}, 10, std::chrono::milliseconds(20)).error().code,
            "program-failed");
}

TEST(MachineFactsTest, ListsTheUsbWithoutSerialNumbers) {
  const test::TempDir dir;
  const auto device = dir.path() / "bus/usb/devices/1-1";
  fs::create_directories(device / "1-1:1.0");
  fs::create_directories(dir.path() / "usbhid");
  fs::create_symlink(dir.path() / "usbhid", device / "1-1:1.0/driver");
  for (const auto& [file, text] : {std::pair("idVendor", "1209\n"), std::pair("idProduct", "0010"),
                                   std::pair("manufacturer", "A\tB"), std::pair("product", "Key"),
                                   std::pair("speed", "12"), std::pair("serial", "S3CR3T")})
    std::ofstream(device / file) << text;
  std::ofstream(device / "1-1:1.0/bInterfaceClass") << "03\n";
  Bundle bundle;
  add_usb(dir.path(), bundle);
  ASSERT_EQ(bundle.files.size(), 1U);
  EXPECT_EQ(bundle.files[0].content,
            "1-1  1209:0010  A?B Key  12 Mbit/s\n  interface 1-1:1.0  class 03  driver usbhid\n");
  add_usb(dir.path() / "none", bundle);
  EXPECT_EQ(bundle.notes.size(), 1U);
}

TEST(AgentAnswersTest, TakesTheAgentsOwnMetricsAlone) {
  EXPECT_EQ(own_metrics("# HELP latchkey_usable x\n# secret\nlatchkey_usable 1\nother 2\n"
                        "process_cpu_seconds_total 3\n"),
            "# HELP latchkey_usable x\nlatchkey_usable 1\nprocess_cpu_seconds_total 3\n");
}

class BundleTest : public CliTest {
 protected:
  std::string file(const char* name) const { return (dir.path() / name).string(); }
  test::TempDir dir;
};

TEST_F(BundleTest, WritesANewFileForItsOwnerAlone) {
  publish(golden_status("fault-busy"));
  const auto name = file("bundle.tar.gz");
  const auto outcome = latchkey({"doctor", "--bundle", name, "--config", file("none.toml")});
  EXPECT_EQ(outcome.exit_code, kOk) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Wrote " + name));
  struct stat info {};
  ASSERT_EQ(::stat(name.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  const auto files = unpacked(read_file(name));
  EXPECT_EQ(json::parse(files.at("status.json"))["reason"], "busy");
  EXPECT_THAT(files.at("doctor.json"), HasSubstr("does not work (busy)"));
  const auto& index = files.at("index.txt");
  for (const auto& [each, content] : files)
    EXPECT_TRUE(each == "index.txt" || index.find("\n" + each + " ") != std::string::npos) << each;
  EXPECT_THAT(index, HasSubstr("- configuration.txt: " + file("none.toml")));

  const auto before = read_file(name);
  const auto again = latchkey({"doctor", "--bundle", name});
  EXPECT_EQ(again.exit_code, kRefused);
  EXPECT_THAT(again.err, HasSubstr("[file-exists]"));
  EXPECT_EQ(read_file(name), before);
}

/// The part of the index that is the same on every machine.
TEST_F(BundleTest, SaysWhatIsInIt) {
  publish(golden_status("ready"));
  const auto outcome = latchkey({"doctor", "--bundle", "-"});
  ASSERT_EQ(outcome.exit_code, kOk) << outcome.err;
  std::istringstream index(unpacked(outcome.out).at("index.txt"));
  std::string told;
  for (std::string line; std::getline(index, line) && !line.starts_with("Not in it");)
    for (const char* everywhere : {".json ", "metrics.txt ", "versions.txt ", "clock.txt "})
      if (line.find(everywhere) != std::string::npos) told += line + "\n";
  EXPECT_EQ(told, read_file(golden_path("bundle-index.txt")));
}

TEST_F(BundleTest, CollectsWhatItCanWithoutAnAgent) {
  const auto outcome = latchkey_at("/nowhere/agent.sock", {"doctor", "--bundle", "-"});
  EXPECT_EQ(outcome.exit_code, kOk) << outcome.err;
  const auto files = unpacked(outcome.out);
  EXPECT_THAT(files.at("index.txt"), HasSubstr("[agent-unreachable]"));
  EXPECT_FALSE(files.contains("status.json"));
  for (const char* name : {"doctor.json", "versions.txt", "clock.txt", "files.txt"})
    EXPECT_TRUE(files.contains(name)) << name;
}

TEST_F(BundleTest, SaysForProgramsWhatItWrote) {
  publish(golden_status("ready"));
  const auto name = file("b.tgz");
  const auto told = json::parse(latchkey({"--json", "doctor", "--bundle", name}).out);
  EXPECT_EQ(told["file"], name);
  EXPECT_EQ(told["files"], unpacked(read_file(name)).size());
  const auto refused = latchkey({"doctor", "--bundle", file("no/such/folder")});
  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("[cannot-write]"));
  EXPECT_EQ(latchkey({"doctor", "--config", "x"}).exit_code, kUsage);
}

}  // namespace
}  // namespace latchkey::cli
