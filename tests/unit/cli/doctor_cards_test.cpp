#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tools/latchkey/doctor.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Verdict = Finding::Verdict;

class DoctorCardsTest : public testing::Test {
 protected:
  DoctorCardsTest() {
    machine.proc = dir.path() / "proc";
    machine.key_group = ::getgrgid(::getegid())->gr_name;
    machine.pcscd_socket = dir.path() / "pcscd.comm";
    machine.polkit_policy = dir.path() / "pcscd.policy";
    machine.polkit_dirs = {dir.path() / "rules.d", dir.path() / "none"};
    machine.look = [this](const DeviceRef&) {
      ++looks;
      return look;
    };
    machine.pcscd_serves = [this](const DeviceRef&) { return serves; };
    write("007", "");
    EXPECT_EQ(::chmod(token.node.c_str(), 0660), 0);
  }
  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((dir.path() / path).parent_path());
    std::ofstream(dir.path() / path) << text;
  }
  /// A process, which may hold the token.
  void start(const std::string& pid, const std::string& name, bool holds = true) const {
    write(fs::path("proc") / pid / "comm", name + "\n");
    fs::create_directories(machine.proc / pid / "fd");
    if (holds) fs::create_symlink(token.node, machine.proc / pid / "fd" / "5");
  }
  std::string said() const {
    std::string all;
    for (const auto& [verdict, subject, text, cure] : findings)
      all += std::to_string(static_cast<int>(verdict)) + " " + text + "\n";
    return all;
  }
  auto problems() const { return std::ranges::count(findings, Verdict::bad, &Finding::verdict); }

  test::TempDir dir;
  Machine machine;
  Findings findings;
  const DeviceRef token{.port = "1-1:7", .node = (dir.path() / "007").string(), .driver = "piv"};
  CardLook look{.way = "USB", .key_id = "LK-1", .error = {}};
  KeyResult<bool> serves = true;
  int looks = 0;
};

nlohmann::json status_with(const char* keys, const char* without_key) {
  return {{"node", {{"id", "a"}}},
          {"keys", nlohmann::json::parse(keys)},
          {"devices_without_key", nlohmann::json::parse(without_key)}};
}

TEST_F(DoctorCardsTest, RepeatsTheAgentsLastWordsAndLeavesTheCardAlone) {
  const struct {
    const char* keys;
    const char* without_key;
    const char* says;
  } rows[] = {
      {R"([{"node": "a", "port": "1-1:7"}])", "[]", "A smart card is at"},
      {"[]", R"([{"port": "1-1:7", "detail": "no card"}])", "says the agent: no card."},
      {"[]", "[]", "has not read the smart card at port 1-1:7 yet"},
      {R"([{"node": "b", "port": "1-1:7"}])", "[]", "has not read the smart card"},
  };
  for (const auto& row : rows) {
    findings.clear();
    check_card(machine, token, status_with(row.keys, row.without_key), findings);
    EXPECT_THAT(said(), HasSubstr(row.says));
    EXPECT_EQ(problems(), 0) << said();
  }
  EXPECT_EQ(looks, 0);
}

TEST_F(DoctorCardsTest, LooksItselfWhenNoAgentAnswers) {
  using Kind = KeyError::Kind;
  const struct {
    std::optional<KeyError> error;
    const char* says;
    int problems;
  } rows[] = {
      {{}, "At port 1-1:7 is key LK-1, it says, through USB.", 0},
      {KeyError{Kind::not_a_key, "no card"}, "no license key: no card.", 0},
      {KeyError{Kind::busy, "claimed"}, "Another program holds the smart card", 1},
      {KeyError{Kind::no_permission, "open"}, "You may not use the smart card", 0},
      {KeyError{Kind::timeout, "silent"}, "No good answer from the smart card", 1},
  };
  for (const auto& row : rows) {
    findings.clear();
    look.error = row.error;
    check_card(machine, token, {}, findings);
    EXPECT_THAT(said(), HasSubstr(row.says));
    EXPECT_EQ(problems(), row.problems) << said();
  }
}

TEST_F(DoctorCardsTest, NamesWhoHoldsATokenThatIsBusy) {  // SPEC KEY-3 busy
  start("41", "scdaemon");
  start("42", "latchkey-agent");
  start("43", "cat", false);
  check_card(machine, token,
             status_with(R"([{"node": "a", "port": "1-1:7", "reason": "busy"}])", "[]"), findings);
  EXPECT_EQ(problems(), 1) << said();
  EXPECT_THAT(said(), HasSubstr("2 " + token.node + " is held by process 41 (scdaemon)."));
  findings.clear();
  check_card(machine, token, status_with(R"([{"node": "a", "port": "1-1:7"}])", "[]"), findings);
  EXPECT_EQ(problems(), 0) << "who has it open may leave its smart card alone\n" << said();
  EXPECT_THAT(said(), HasSubstr("41 (scdaemon)"));
}

TEST_F(DoctorCardsTest, KnowsMissingRights) {  // SPEC KEY-3 no-permission
  ASSERT_EQ(::chmod(token.node.c_str(), 0600), 0);
  const auto status = status_with("[]", "[]");
  check_card(machine, token, status, findings);
  EXPECT_EQ(problems(), 1) << said();
  EXPECT_THAT(said(), HasSubstr("The agent may not open the smart card"));
  findings.clear();
  start("40", "pcscd");
  check_card(machine, token, status, findings);
  EXPECT_EQ(problems(), 0) << "who asks pcscd needs no right to the node\n" << said();
  EXPECT_THAT(said(), HasSubstr("reached through PC/SC (pcscd)"));
}

TEST_F(DoctorCardsTest, KnowsACardThatPcscdDoesNotServe) {
  start("40", "pcscd", false);
  serves = false;
  check_card(machine, token, status_with("[]", "[]"), findings);
  EXPECT_THAT(said(), HasSubstr("does not serve the smart card at port 1-1:7: it is reached over"));
  EXPECT_THAT(said(), HasSubstr("A smart card is at " + token.node));
  findings.clear();
  serves = tl::make_unexpected(KeyError{KeyError::Kind::no_permission, "polkit says no"});
  check_card(machine, token, status_with("[]", "[]"), findings);
  EXPECT_THAT(said(), HasSubstr("at port 1-1:7: polkit says no."));
}

TEST_F(DoctorCardsTest, KnowsWhetherPcscdServes) {
  const struct {
    bool runs, socket;
    const char* says;
    int problems;
  } rows[] = {
      {false, false, "pcscd does not run: smart cards are reached over USB.", 0},
      {false, true, "pcscd is started when a program asks for it", 0},
      {true, true, "pcscd runs: smart cards are reached through PC/SC.", 0},
      {true, false, "pcscd runs but has no socket", 1},
  };
  for (const auto& row : rows) {
    fs::remove_all(machine.proc);
    fs::remove(machine.pcscd_socket);
    if (row.runs) start("40", "pcscd", false);
    if (row.socket) write("pcscd.comm", "");
    findings.clear();
    check_pcscd(machine, findings);
    EXPECT_THAT(said(), HasSubstr(row.says));
    EXPECT_EQ(problems(), row.problems) << said();
  }
}

TEST_F(DoctorCardsTest, KnowsAMissingPolkitRule) {
  write("pcscd.comm", "");
  write("pcscd.policy", "");
  check_pcscd(machine, findings);
  EXPECT_EQ(problems(), 1) << said();
  EXPECT_THAT(said(), HasSubstr("has no rule that lets the agent in"));
  EXPECT_THAT(findings.back().cure, HasSubstr("/usr/share/polkit-1/rules.d/60-latchkey.rules"));
  std::ifstream rule(LATCHKEY_SOURCE_DIR "/agent/systemd/latchkey.polkit.rules");
  write("rules.d/60-latchkey.rules", std::string(std::istreambuf_iterator(rule), {}));
  findings.clear();
  check_pcscd(machine, findings);
  EXPECT_EQ(problems(), 0) << said();
  EXPECT_THAT(said(), HasSubstr("polkit lets the agent use pcscd"));
}

}  // namespace
}  // namespace latchkey::cli
