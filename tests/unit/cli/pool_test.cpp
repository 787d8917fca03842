#include <nlohmann/json.hpp>

#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

json entry(const std::string& license, const std::string& object, const std::string& status,
           const std::string& why, const std::string& detail) {
  return {{"license", license},
          {"source", license == "L-1" ? "key" : "file"},
          {"key", license == "L-1" ? "LK-RED" : ""},
          {"object", object},
          {"object_name", object == "kvm" ? "ZStack Cloud" : "VMware Management"},
          {"unit", "cpu-socket"},
          {"unit_name", "CPU sockets"},
          {"quantity", 10},
          {"not_before", "2025-01-01T00:00:00Z"},
          {"ends", "2027-01-01T00:00:00Z"},
          {"status", status},
          {"counts", why.empty()},
          {"why", why},
          {"detail", detail}};
}

TEST_F(CliTest, PoolShowsWhatCountsAndWhyTheRestDoesNot) {  // SPEC POOL-1, LIC-9
  auto drawn = entry("upstream-0a", "kvm", "expiring-soon", "", "");
  drawn["source"] = "upstream";
  backend.pool_answer = {
      {"time", "2026-12-31T00:00:00Z"},
      {"usable", true},
      {"pools", golden_status("ready").at("pools")},
      {"entries",
       {entry("L-1", "kvm", "expiring-soon", "", ""), drawn,
        entry("L-2", "vmware", "environment-mismatch", "it was issued for other machines",
              "node anna: dmi-uuid changed")}}};
  EXPECT_EQ(latchkey({"pool"}).out,
            "ZStack Cloud  10 CPU sockets, 4 used, 6 available\n"
            "  10 CPU sockets of license L-1 (key LK-RED), ends in 1 day, 2027-01-01 00:00 UTC\n"
            "  10 CPU sockets of license upstream-0a (upstream), ends in 1 day, 2027-01-01 00:00 "
            "UTC\n"
            "Not counted:\n"
            "  VMware Management, 10 CPU sockets of license L-2 (file), 2025-01-01 00:00 UTC to "
            "2027-01-01 00:00 UTC: environment-mismatch, it was issued for other machines (node "
            "anna: dmi-uuid changed)\n");
  EXPECT_EQ(json::parse(latchkey({"pool", "--json"}).out), backend.pool_answer);
}

TEST_F(CliTest, PoolSaysThatNothingCounts) {
  backend.pool_answer["usable"] = false;
  EXPECT_EQ(latchkey({"pool"}).out, "No base license counts now.\n");
}

TEST_F(CliTest, AlertShowsSinceWhenAndTheCure) {  // SPEC ALERT-1
  publish(golden_status("file-licenses-over-quota"));
  EXPECT_EQ(
      latchkey({"alert"}).out,
      "critical  over-quota  More is used than is licensed: ZStack Cloud by 1 CPU socket.\n"
      "  since 2026-01-01 00:00 UTC. Use less, or order an expansion and install it; "
      "`latchkey pool` has the figures.\n"
      "warning   license-expiring:kvm  A license for ZStack Cloud ends in less than 15 days. "
      "(in 12 days, 2026-01-13 00:00 UTC)\n"
      "  since 2025-12-29 00:00 UTC. Order a renewal and install it: `latchkey license install "
      "FILE` (License Management).\n");
  publish(golden_status("ready"));
  EXPECT_EQ(latchkey({"alert"}).out, "No alert stands.\n");
}

TEST_F(CliTest, AuthorizeIsForScripts) {  // SPEC QUOTA-1
  const auto allowed = latchkey({"authorize", "create", "--object", "kvm"});
  EXPECT_EQ(allowed.out, "allowed\n");
  EXPECT_EQ(allowed.exit_code, kOk);
  backend.denied = Error{"over-quota", "Too much is used.", "Use less."};
  const auto denied = latchkey({"authorize", "create"});
  EXPECT_EQ(denied.out, "denied: Too much is used. [over-quota]\n  Use less.\n");
  EXPECT_EQ(denied.exit_code, kRefused);
  EXPECT_EQ(json::parse(latchkey({"authorize", "other", "--json"}).out).at("code"), "over-quota");
  EXPECT_EQ(latchkey({"authorize", "fly"}).exit_code, kUsage);
}

}  // namespace
}  // namespace latchkey::cli
