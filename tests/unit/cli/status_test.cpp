#include <nlohmann/json.hpp>

#include "tests/unit/cli/fixture.h"
#include "tools/latchkey/status_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

struct Golden {
  std::string name;
  int exit_code;
};
const Golden kGoldens[] = {
    {"ready", kOk},
    {"ready-expired", kNotUsable},
    {"ready-not-yet-valid", kNotUsable},
    {"ready-inherits-a-buffer-that-is-over", kOk},
    {"missing-never-inserted", kNotUsable},
    {"missing-buffer-running", kMissing},
    {"missing-buffer-over", kNotUsable},
    {"missing-buffer-ends-with-the-license", kMissing},  // SPEC BUF-6
    {"abnormal", kAbnormal},
    {"fault-multiple-keys", kFault},
    {"fault-busy", kNotUsable},
    {"peer-unreachable", kOk},
    {"emulated-port", kOk},
    {"clock-ahead", kOk},  // SPEC TIME-2
    {"file-licenses-over-quota", kOk},
};

TEST_F(CliTest, StatusLooksAsItShouldInEveryState) {  // SPEC ALERT-1, ALERT-2
  for (const auto& golden : kGoldens) {
    publish(golden_status(golden.name));
    const auto outcome = latchkey({"status"});
    EXPECT_EQ(outcome.out, read_file(golden_path(golden.name + ".txt"))) << golden.name;
    EXPECT_EQ(outcome.exit_code, golden.exit_code) << golden.name;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(CliTest, StatusAsJsonIsWhatTheAgentSays) {
  const auto status = golden_status("fault-multiple-keys");
  publish(status);
  const auto outcome = latchkey({"status", "--json"});
  EXPECT_EQ(json::parse(outcome.out), status);
  EXPECT_EQ(outcome.exit_code, kFault);
}

TEST_F(CliTest, ColourIsThereOnlyWhenAskedFor) {
  publish(golden_status("ready"));
  EXPECT_EQ(latchkey({"status"}).out.find('\033'), std::string::npos);
  EXPECT_NE(latchkey({"status"}, true).out.find("\033[32mReady"), std::string::npos);
}

TEST_F(CliTest, ForeignTextCannotSteerTheTerminal) {  // SPEC SEC-3
  auto status = golden_status("fault-busy");
  status["keys"][0]["reason"] = "busy\033[2J\nState     Ready";
  status["alerts"] = json::array({{{"id", "x"}, {"text", "a\rb\x07"}}});
  publish(status);
  const auto out = latchkey({"status"}).out;
  EXPECT_EQ(out.find_first_of("\033\r\x07"), std::string::npos);
  EXPECT_EQ(out.find("\nState     Ready"), std::string::npos);
}

TEST_F(CliTest, AnAnswerOfAnotherShapeIsShownAsFarAsItGoes) {
  for (const auto& status : {json::object(), json{{"keys", 7}, {"state", json::array()}},
                             json{{"keys", {1, "x", nullptr}}, {"buffer", true}, {"peer", {}}}}) {
    server.run(
        [&] { backend.snapshot_.status = std::make_shared<const std::string>(status.dump()); });
    EXPECT_EQ(latchkey({"status"}).exit_code, kNotUsable) << status;
  }
}

TEST(WatchLine, ChangesWithWhatAPersonWouldSeeAndNotWithTime) {
  auto status = golden_status("missing-buffer-running");
  const auto before = change_text(status, {});
  status["time"] = "2026-01-01T10:00:00Z";
  EXPECT_EQ(change_text(status, {}), before);
  EXPECT_EQ(
      status_line(status, {}),
      "2026-01-01T10:00:00Z  Missing (removed)  buffer until 2026-01-31 00:00 UTC  peer reachable");
  status["usable"] = false;
  EXPECT_NE(change_text(status, {}), before);
}

}  // namespace
}  // namespace latchkey::cli
