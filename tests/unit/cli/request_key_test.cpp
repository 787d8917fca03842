#include "core/deployment/request_key.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

class RequestKeyVerb : public CliTest {
 protected:
  RequestKeyVerb() {
    const auto key = PrivateKey::generate(KeyAlgorithm::ed25519).value();
    const RequestKey request{
        deployment_id(key.public_key()),
        "1",
        Time{},
        {{"aa", "node-a", {{"dmi-uuid", std::string(64, '1')}}, {"board-serial"}},
         {"bb", "node-b", {}, {}}}};
    envelope_ = make_request_key(request, key).value();
    backend.request_key_envelope = envelope_;
  }

  const test::TempDir dir_;
  const std::string file_ = (dir_.path() / "request.json").string();
  std::string envelope_;
};

constexpr std::string_view kCoverage =
    "Node node-a is covered, by dmi-uuid.\n"
    "  Its agent may not read board-serial; docs/operations.md says how to let it.\n"
    "Node node-b is not covered: nothing is known of its machine yet. Start its agent, wait until "
    "`latchkey peer` says that it is reachable, and repeat.\n";

TEST_F(RequestKeyVerb, PrintsTheFileAloneAndSaysWhatItCovers) {  // SPEC REQ-1
  const auto outcome = latchkey({"request-key"});
  EXPECT_EQ(outcome.exit_code, kOk);
  EXPECT_EQ(outcome.out, envelope_ + "\n");
  EXPECT_EQ(outcome.err, kCoverage);
}

TEST_F(RequestKeyVerb, WritesTheFile) {  // SPEC REQ-1
  EXPECT_EQ(latchkey({"request-key", "-o", file_}).out,
            "Wrote " + file_ + ".\n" + std::string(kCoverage));
  EXPECT_EQ(read_file(file_), envelope_ + "\n");
  const auto told = json::parse(latchkey({"request-key", "-o", file_, "--json"}).out);
  EXPECT_EQ(told["file"], file_);
  EXPECT_EQ(told["nodes"][0]["factors"], json::array({"dmi-uuid"}));
  EXPECT_EQ(told["nodes"][1]["covered"], false);
}

TEST_F(RequestKeyVerb, WorksInEveryState) {  // SPEC QUOTA-4
  for (const auto* state : {"ready", "missing-never-inserted", "fault-multiple-keys",
                            "ready-expired", "peer-unreachable"}) {
    publish(golden_status(state));
    EXPECT_EQ(latchkey({"request-key"}).exit_code, kOk) << state;
  }
}

TEST_F(RequestKeyVerb, RefusesWithACodeAndACure) {
  EXPECT_NE(latchkey({"request-key", "-o", "/nowhere/x"}).err.find("[cannot-write]"),
            std::string::npos);
  backend.request_key_envelope = "{}";
  EXPECT_NE(latchkey({"request-key"}).err.find("[invalid-format]"), std::string::npos);
  backend.request_key_envelope = fail("crypto-failed", "No.", "Look.");
  const auto outcome = latchkey({"request-key", "-o", file_});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_NE(outcome.err.find("[crypto-failed]\n  Look."), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

}  // namespace
}  // namespace latchkey::cli
