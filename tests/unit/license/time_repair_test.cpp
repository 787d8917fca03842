#include "core/license/time_repair.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/support/sample_vendor.h"

namespace latchkey::test {
namespace {

using nlohmann::json;

class TimeRepairs : public ::testing::Test {
 protected:
  static TimeRepair repair() {
    return {"T-1", std::string(64, 'a'), "clock-1", at("2026-06-01T00:00:00Z"),
            at("2026-06-15T00:00:00Z")};
  }
  Issuer issuer(std::vector<std::string> scopes) const {
    return {"clock-1", key_.public_key(), std::move(scopes), SampleVendor::year(2026, 2027)};
  }
  /// The vendor's sample bundle and an issuing key `clock-1`.
  TrustStore trust(std::vector<std::string> scopes = {"time"}) const {
    auto bundle = vendor_.bundle();
    bundle.issuers.push_back(issuer(std::move(scopes)));
    return TrustStore::open(vendor_.roots(), vendor_.seal(bundle)).value();
  }
  Bytes sealed(const TimeRepair& repair) const {
    return SampleVendor::seal(kTimeRepairType, serialise(repair), key_);
  }
  static std::string code(const Result<TimeRepair>& result) {
    return result ? "" : result.error().code;
  }

  const SampleVendor vendor_;
  const PrivateKey key_ = new_key();
};

TEST_F(TimeRepairs, AreReadAsTheyWereSigned) {  // SPEC TIME-2
  EXPECT_EQ(trust().verify_time_repair(sealed(repair())).value(), repair());
}

TEST_F(TimeRepairs, NeedAKeyOfTheirScope) {  // SPEC SEC-5
  const auto envelope = sealed(repair());
  EXPECT_EQ(code(trust({"license"}).verify_time_repair(envelope)), "untrusted-signer");
  EXPECT_EQ(code(trust({"license:time"}).verify_time_repair(envelope)), "untrusted-signer");
  EXPECT_EQ(code(trust({"license", "time"}).verify_time_repair(envelope)), "");
  // Nor does a key of scope `time` license anything.
  auto license = SampleVendor::license("LK-0");
  license.issuer = "clock-1";
  license.issued = repair().time;
  license.binding = DeploymentBinding{std::string(64, 'a'), {{"n", {{"f", "x"}}}}, 1};
  const auto forged = SampleVendor::seal(kLicenseType, serialise(license), key_);
  EXPECT_EQ(trust().verify_license(forged).error().code, "untrusted-signer");
}

TEST_F(TimeRepairs, NeedAKeyThatIsBelieved) {  // SPEC SEC-5
  auto named = repair();
  named.issuer = "issuer-1";
  EXPECT_EQ(code(trust().verify_time_repair(sealed(named))), "untrusted-signer");
  auto old = repair();
  old.time = at("2025-12-31T23:59:59Z");
  old.until = at("2026-01-01T00:00:00Z");
  EXPECT_EQ(code(trust().verify_time_repair(sealed(old))), "untrusted-signer");
  EXPECT_EQ(code(vendor_.trust().verify_time_repair(sealed(repair()))), "untrusted-signer");
  auto bundle = vendor_.bundle();
  bundle.issuers.push_back(issuer({"time"}));
  bundle.revoked.issuers = {key_.public_key().fingerprint()};
  const auto revoking = TrustStore::open(vendor_.roots(), vendor_.seal(bundle)).value();
  EXPECT_EQ(code(revoking.verify_time_repair(sealed(repair()))), "revoked");
}

TEST_F(TimeRepairs, AreReadStrictly) {  // SPEC SEC-3
  const auto changed = [&](const std::function<void(json&)>& change) {
    auto payload = json::parse(serialise(repair()));
    change(payload);
    return code(parse_time_repair(as_bytes(payload.dump())));
  };
  EXPECT_EQ(changed([](json&) {}), "");
  for (const auto* member : {"id", "deployment", "issuer", "time", "until"}) {
    EXPECT_EQ(changed([&](json& payload) { payload.erase(member); }), "invalid-format") << member;
    EXPECT_EQ(changed([&](json& payload) { payload[member] = 7; }), "invalid-format") << member;
  }
  EXPECT_EQ(changed([](json& payload) { payload["reusable"] = "x"; }), "invalid-format");
  EXPECT_EQ(changed([](json& payload) { payload["deployment"] = "ab"; }), "invalid-format");
  for (const auto* until : {"2026-06-01T00:00:00Z", "2026-06-15T00:00:01Z"})
    EXPECT_EQ(changed([&](json& payload) { payload["until"] = until; }), "invalid-format") << until;
  const auto license = SampleVendor::seal(kLicenseType, serialise(repair()), key_);
  EXPECT_EQ(code(trust().verify_time_repair(license)), "invalid-format");
}

}  // namespace
}  // namespace latchkey::test
