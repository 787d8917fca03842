#include <gtest/gtest.h>

#include "core/pool/alerts.h"
#include "tests/support/pools.h"
#include "tests/unit/pool/deployment_fixture.h"

namespace latchkey {
namespace {

using test::base;
using test::Licensed;
using test::module;

using test::kKvm;
const PoolId kVmware{"vmware", "cpu-socket"};

LicenseEntry entry(std::uint64_t quantity, const std::string& percent) {
  auto out = base("kvm", quantity);
  out.terms[std::string(kOverUseTerm)] = percent;
  return out;
}

// SPEC POOL-8: only what the license says, and only when it says it plainly.
TEST(OverUse, IsAWholePercentage) {
  const struct {
    std::uint64_t quantity;
    const char* percent;
    std::uint64_t tolerance;
  } rows[] = {
      {10, "10", 1},    {19, "10", 1},         {9, "10", 0},  {10, "100", 10},
      {10, "0", 0},     {10, "101", 0},        {10, "-1", 0}, {10, "1.5", 0},
      {10, " 50", 0},   {10, "50%", 0},        {10, "", 0},   {10, "99999999999999999999", 0},
      {1'000, "7", 70}, {~0ULL, "100", ~0ULL},
  };
  for (const auto& row : rows)
    EXPECT_EQ(tolerance_of(entry(row.quantity, row.percent)), row.tolerance) << row.percent;
  EXPECT_EQ(tolerance_of(base("kvm", 10)), 0u);
}

// SPEC POOL-8, QUOTA-2: a warning up to the limit, over quota beyond it.
TEST(OverUse, WarnsUpToTheLimit) {
  Licensed deployment;
  deployment.file("F", 0, {entry(10, "20")});
  const struct {
    std::uint64_t used, available, over;
    const char* alert;
  } rows[] = {{10, 2, 0, ""},
              {11, 1, 0, "over-use:kvm:cpu-socket"},
              {12, 0, 0, "over-use:kvm:cpu-socket"},
              {13, 0, 1, "over-quota"}};
  for (const auto& row : rows) {
    const auto figures = deployment.counted({{kKvm, row.used}});
    const auto& pool = figures.pools.at(kKvm);
    EXPECT_EQ(pool.available, row.available) << row.used;
    EXPECT_EQ(pool.over, row.over) << row.used;
    EXPECT_EQ(figures.over_quota, row.over > 0) << row.used;
    const auto entitlements = deployment.entitled();
    const std::map<std::string, std::string> names;
    const auto told = alerts({{deployment.decision, entitlements, figures, deployment.catalog},
                              "",
                              names,
                              {},
                              nullptr,
                              {},
                              {}});
    EXPECT_EQ(told.empty() ? "" : told.front().id, row.alert) << row.used;
  }
}

// SPEC POOL-8: what is kept for one is not there for others, also where a pool draws on it.
TEST(Reservations, LeaveLessForOthers) {
  Licensed deployment;
  deployment.file("F", 0, {base("kvm", 10), module("vmware", 2)});
  const auto entitlements = deployment.entitled();
  const auto figures = [&](const Usage& used, const Usage& reserved) {
    return capacity(entitlements, used, deployment.catalog, reserved).pools;
  };
  auto pools = figures({{kKvm, 3}}, {{kKvm, 4}});
  EXPECT_EQ(pools.at(kKvm).available, 3u);
  EXPECT_EQ(pools.at(kVmware).available, 5u);
  EXPECT_EQ(pools.at(kKvm).reserved, 4u);
  pools = figures({{kKvm, 3}}, {{kVmware, 6}});
  EXPECT_EQ(pools.at(kKvm).available, 3u) << "four of them are kept here";
  pools = figures({{kKvm, 3}}, {{kKvm, 100}});
  EXPECT_EQ(pools.at(kKvm).available, 0u);
  EXPECT_EQ(pools.at(kKvm).over, 0u) << "what is kept is not used";
}

// SPEC POOL-8, ALERT-2
TEST(LowWater, IsAnAlertWithTheConsumersName) {
  Licensed deployment;
  deployment.file("F", 0, {base("kvm", 10)});
  const auto figures = deployment.counted();
  const auto entitlements = deployment.entitled();
  const std::map<std::string, std::string> names;
  const std::vector<LowWater> low(40, {"vm-1", kKvm, 1, 5});
  const auto tell = [&](std::span<const LowWater> of) {
    return alerts({{deployment.decision, entitlements, figures, deployment.catalog},
                   "",
                   names,
                   {},
                   nullptr,
                   {},
                   {},
                   of});
  };
  const auto told = tell(std::span(low).first(1));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told.front().id, "low-water:vm-1:kvm:cpu-socket");
  EXPECT_FALSE(told.front().text.empty() || told.front().cure.empty());
  EXPECT_EQ(tell(low).size(), kMaxLowWaterAlerts) << "bounded";
}

}  // namespace
}  // namespace latchkey
