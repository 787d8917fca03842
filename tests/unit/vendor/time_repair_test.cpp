#include "core/license/time_repair.h"

#include "core/license/package.h"
#include "tests/unit/vendor/command_line.h"

// SPEC TIME-2
namespace latchkey::test {
namespace {

class TimeRepairVerb : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    found_vendor();
    expect_done("issuer create --name clock-1 --scope time --days 365 -o @clock");
    expect_done("trust sign --root @root --previous @bundle.json --issuer @clock -o @trust.json");
  }
  Result<TimeRepair> repair(const std::string& file) const {
    const RootSet roots{{PublicKey::from_pem(read("root.pub")).value()}, 1};
    return TrustStore::open(roots, as_bytes(read("trust.json")))
        .value()
        .verify_time_repair(as_bytes(read(file)));
  }
  const std::string deployment_ = std::string(64, 'a');
  const std::string verb_ = "time-repair --issuer @clock --deployment " + deployment_ + " ";
};

TEST_F(TimeRepairVerb, TellsWhatTimeItIs) {
  expect_done(verb_ + "--id T-1 -o @now.json");
  const TimeRepair now{"T-1", deployment_, "clock-1", at("2026-06-01T00:00:00Z"),
                       at("2026-06-15T00:00:00Z")};
  EXPECT_EQ(repair("now.json").value(), now);
  expect_done(verb_ + "--time 2026-07-01 --days 3 -o @later.json");
  const auto later = repair("later.json").value();
  EXPECT_EQ(later.until, at("2026-07-04T00:00:00Z"));
  EXPECT_NE(later.id, now.id);
  EXPECT_NE(run("verify @now.json --root @root --bundle @trust.json").out.find("\"T-1\""),
            std::string::npos);
}

TEST_F(TimeRepairVerb, SignsOnlyWhatAnAgentTakes) {
  EXPECT_EQ(refusal("time-repair --issuer @issuer -o @x --deployment " + deployment_),
            "issuer-not-valid");
  EXPECT_EQ(refusal("time-repair --issuer @clock --deployment ab -o @x"), "invalid-format");
  EXPECT_EQ(refusal(verb_ + "--time 2029-01-01 -o @x"), "issuer-not-valid");
  EXPECT_EQ(refusal(verb_ + "--days 15 -o @x"), "usage");
  EXPECT_EQ(refusal("time-repair --issuer @clock -o @x"), "usage");
}

TEST_F(TimeRepairVerb, GoesIntoAPackage) {
  expect_done(verb_ + "--id T-1 -o @time.json");
  expect_done("package @time.json @trust.json -o @all.tar.gz");
  const auto documents = unpack(as_bytes(read("all.tar.gz"))).value();
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].name, "trust-2.json") << "for the agent takes trust first";
  EXPECT_EQ(documents[1].name, "time-T-1.json");
  EXPECT_NE(run("inspect @all.tar.gz").out.find("T-1"), std::string::npos);
}

}  // namespace
}  // namespace latchkey::test
