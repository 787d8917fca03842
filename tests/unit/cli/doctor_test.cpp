#include "tools/latchkey/doctor.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "latchkey_udev_rules.h"
#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

class DoctorTest : public CliTest {
 protected:
  DoctorTest() {
    machine.rules_dirs = {dir.path() / "etc", dir.path() / "lib"};
    machine.packaged_rules = dir.path() / "lib" / "60-latchkey.rules";
    machine.package_list = dir.path() / "latchkey-agent.list";
    machine.proc = dir.path() / "proc";
    machine.key_group = ::getgrgid(::getegid())->gr_name;
    for (const auto& path : machine.rules_dirs) fs::create_directory(path);
  }
  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((dir.path() / path).parent_path());
    std::ofstream(dir.path() / path) << text;
  }
  DeviceRef device(mode_t mode) const {
    write("hidraw3", "");
    EXPECT_EQ(::chmod((dir.path() / "hidraw3").c_str(), mode), 0);
    return {.port = "3-1:7", .node = (dir.path() / "hidraw3").string(), .driver = "hidkey"};
  }

  test::TempDir dir;
  Machine machine;
  Findings findings;
};

TEST_F(DoctorTest, KnowsMissingStaleAndCurrentRules) {  // SPEC SEC-1
  struct Row {
    std::string name, etc, lib;
    Verdict verdict;
  };
  const std::string current(kUdevRules);
  const std::vector<Row> rows{
      {"missing", "", "", Verdict::bad},
      {"current", "", current, Verdict::good},
      {"stale", "", "# old\n", Verdict::bad},
      {"stale before current", "# old\n", current, Verdict::bad},
  };
  for (const auto& row : rows) {
    for (const auto& [name, text] : {std::pair("etc", row.etc), std::pair("lib", row.lib)}) {
      fs::remove(dir.path() / name / "60-latchkey.rules");
      if (!text.empty()) write(fs::path(name) / "60-latchkey.rules", text);
    }
    findings.clear();
    check_rules(machine, findings);
    ASSERT_EQ(findings.size(), 1U) << row.name;
    EXPECT_EQ(findings[0].verdict, row.verdict) << row.name;
    EXPECT_EQ(findings[0].cure.empty(), row.verdict == Verdict::good);
  }
}

TEST_F(DoctorTest, SaysWhereTheRulesComeFrom) {
  const auto cure = [this] {
    findings.clear();
    check_rules(machine, findings);
    return findings.at(0).cure;
  };
  const auto packaged = machine.packaged_rules.string();
  EXPECT_NE(cure().find("or, of the source, udev/60-latchkey.rules"), std::string::npos) << cure();
  EXPECT_NE(cure().find("latchkey-agent, which carries " + packaged), std::string::npos) << cure();
  write("latchkey-agent.list", "");
  EXPECT_EQ(cure().find("of the source"), std::string::npos) << cure();
  write("lib/60-latchkey.rules", "# old\n");
  EXPECT_NE(cure().find("again: it carries " + packaged), std::string::npos) << cure();
  write("lib/60-latchkey.rules", kUdevRules);
  write("etc/60-latchkey.rules", "# old\n");
  EXPECT_NE(cure().find("Remove it: it hides " + packaged), std::string::npos) << cure();
  EXPECT_NE(cure().find("udevadm trigger"), std::string::npos) << cure();
}

TEST_F(DoctorTest, KnowsWhetherTheAgentMayOpenAKey) {  // SPEC KEY-3 no-permission
  check_device(machine, device(0660), findings);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::good) << findings[0].text;
  findings.clear();
  check_device(machine, device(0600), findings);
  EXPECT_EQ(findings.at(0).verdict, Verdict::bad);
  EXPECT_NE(findings[0].text.find("mode 600"), std::string::npos) << findings[0].text;
  findings.clear();
  machine.key_group = "latchkey-no-such-group";
  check_device(machine, device(0660), findings);
  EXPECT_EQ(findings.at(0).verdict, Verdict::bad);
}

TEST_F(DoctorTest, NamesWhoHoldsAKey) {  // SPEC KEY-3 busy
  const auto key = device(0660);
  for (const auto& [pid, name] : {std::pair("41", "scdaemon\n"),
                                  std::pair("42", "latchkey-agent\n"), std::pair("43", "cat\n")}) {
    write(fs::path("proc") / pid / "comm", name);
    fs::create_directories(machine.proc / pid / "fd");
    fs::create_symlink(pid == std::string("43") ? "/dev/null" : key.node,
                       machine.proc / pid / "fd" / "5");
  }
  check_device(machine, key, findings);
  ASSERT_EQ(findings.size(), 3U);
  std::ranges::sort(findings, {}, [](const Finding& f) { return f.verdict; });
  EXPECT_EQ(findings[2].verdict, Verdict::bad);
  EXPECT_NE(findings[2].text.find("41 (scdaemon)"), std::string::npos) << findings[2].text;
  EXPECT_NE(findings[1].text.find("held by the agent"), std::string::npos);
}

TEST_F(DoctorTest, KnowsGroupsThatAreMissing) {
  machine.admin_group = "latchkey-no-such-group";
  check_groups(machine, findings);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::bad);
  EXPECT_EQ(findings[0].cure, "groupadd --system latchkey-no-such-group");
}

TEST_F(DoctorTest, KnowsASocketThatIsNone) {
  write("file", "x");
  struct Row {
    std::string path;
    Verdict verdict;
  };
  const std::vector<Row> rows{{server.path(), Verdict::good},
                              {(dir.path() / "file").string(), Verdict::bad},
                              {(dir.path() / "nothing").string(), Verdict::bad}};
  for (const auto& row : rows) {
    findings.clear();
    check_socket(row.path, findings);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].verdict, row.verdict) << row.path;
  }
}

TEST_F(DoctorTest, RepeatsEveryReasonAndCureOfTheAgent) {  // SPEC KEY-3, ALERT-2
  struct Row {
    std::string name;
    std::size_t problems;
    std::string contains;
  };
  const std::vector<Row> rows{
      {"ready", 0, "The other node is reachable."},
      {"fault-busy", 3, "does not work (busy)"},
      {"peer-unreachable", 2, "[history-restored:"},
      {"missing-buffer-running", 1, "The buffer license ends in 29 days 23 h"},
      {"emulated-port", 0, "emulated port"},
  };
  for (const auto& row : rows) {
    findings.clear();
    check_status(golden_status(row.name), findings);
    std::string all;
    std::size_t problems = 0;
    for (const auto& finding : findings) {
      all += finding.text + "\n";
      problems += finding.verdict == Verdict::bad ? 1 : 0;
    }
    EXPECT_EQ(problems, row.problems) << row.name << ":\n" << all;
    EXPECT_NE(all.find(row.contains), std::string::npos) << all;
  }
}

TEST_F(DoctorTest, TheVerbAnswersForPeopleAndForPrograms) {
  publish(golden_status("fault-busy"));
  const auto outcome = latchkey({"doctor"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_NE(outcome.out.find("-> Stop the program that"), std::string::npos) << outcome.out;
  const auto list = nlohmann::json::parse(latchkey({"doctor", "--json"}).out)["findings"];
  EXPECT_TRUE(std::ranges::any_of(list, [](const auto& finding) {
    return finding["subject"] == "key" && finding["verdict"] == "problem";
  })) << list;
  const auto without_agent = latchkey_at("/nowhere/agent.sock", {"doctor"});
  EXPECT_NE(without_agent.out.find("Start it"), std::string::npos) << without_agent.out;
}

}  // namespace
}  // namespace latchkey::cli
