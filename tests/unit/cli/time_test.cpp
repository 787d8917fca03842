#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

TEST_F(CliTest, TimeRepairSendsTheFile) {  // SPEC TIME-2
  const auto file = golden_path("ready.json");
  backend.time_result = {
      {"id", "T-1"},
      {"license_time", "2026-01-01T00:00:00Z"},
      {"nodes", {{{"name", "node-a"}, {"has", true}}, {{"name", "node-b"}, {"has", false}}}}};
  const auto repaired = latchkey({"time", "repair", file});
  EXPECT_EQ(repaired.exit_code, kOk);
  EXPECT_EQ(repaired.out,
            "Repaired: license time is 2026-01-01 00:00 UTC.\n"
            "Node node-a has it.\n"
            "Node node-b has not got it yet; it learns of it as soon as the link between the nodes "
            "is up.\n");
  const auto calls = server.run([&] { return backend.calls; });
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_TRUE(calls[0].ends_with(" with " + read_file(file)));
  backend.time_result = fail("clock-not-corrected", "The clock is wrong.", "Correct it.");
  const auto refused = latchkey({"time", "repair", file});
  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_NE(refused.err.find("[clock-not-corrected]"), std::string::npos);
}

}  // namespace
}  // namespace latchkey::cli
