#include "core/pool/capacity.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/pools.h"
#include "tests/unit/pool/deployment_fixture.h"

namespace latchkey {
namespace {

using test::base;
using test::day;
using test::Licensed;
using test::module;

using test::kKvm;
const PoolId kVmware{"vmware", "cpu-socket"};

// SPEC POOL-1
TEST(Capacity, SameObjectAndUnitAddUpWhereverTheyComeFrom) {
  Licensed deployment;
  deployment.key(0, {base("kvm", 10), base("kvm", 5), base("kvm", 64, 0, 365, "cpu-core")})
      .file("F", 0, {base("kvm", 20, 0, 200), base("zsphere", 7)});
  const auto pools = deployment.counted().pools;
  EXPECT_EQ(pools.size(), 3u);
  EXPECT_EQ(pools.at(kKvm).total, 35u);
  EXPECT_EQ(pools.at(kKvm).next_end, day(200)) << "each entry keeps its own validity";
  EXPECT_EQ(pools.at({"kvm", "cpu-core"}).total, 64u);
  EXPECT_EQ(pools.at({"zsphere", "cpu-socket"}).total, 7u);
}

// SPEC POOL-2: what ended or has not begun stands beside the pool.
TEST(Capacity, OnlyWhatCountsNowIsInTheTotal) {
  Licensed deployment;
  deployment.file("F", 0,
                  {base("kvm", 1, 0, 365), base("kvm", 2, 0, 110), base("kvm", 4, 0, 100),
                   base("kvm", 8, 101, 365)});
  const auto pool = deployment.counted().pools.at(kKvm);
  EXPECT_EQ(pool.total, 3u);
  EXPECT_EQ(pool.expiring_soon, 2u) << "still in the total";
  EXPECT_EQ(pool.expired, 4u);
  EXPECT_EQ(pool.not_yet_valid, 8u);
  EXPECT_EQ(pool.next_end, day(110));
}

// SPEC POOL-2
TEST(Capacity, ExpansionAndExtensionDisturbNothing) {
  Licensed deployment;
  deployment.key(0, {base("kvm", 10)});
  const auto before = deployment.counted({{kKvm, 4}}).pools.at(kKvm);
  deployment.file("extension", 1, {module("cdp", 5, 0, 365, "vm")});
  EXPECT_EQ(deployment.counted({{kKvm, 4}}).pools.at(kKvm).available, before.available);
  deployment.file("expansion", 2, {base("kvm", 10)});
  const auto after = deployment.counted({{kKvm, 4}}).pools.at(kKvm);
  EXPECT_EQ(after.used, before.used);
  EXPECT_EQ(after.available, before.available + 10);
}

// SPEC LIC-3, LIC-1: what does not count is in no sum.
TEST(Capacity, HiddenAndForeignEntriesAreInNoPool) {
  Licensed deployment;
  deployment.key(10, {base("kvm", 10), module("vmware", 1)})
      .file("F", 5, {module("vmware", 2)})
      .file("theirs", 5, {base("zns", 9, 0, 365, "transport-node")}, {}, "elsewhere")
      .kept("LK-BLUE", "blue", 20, {base("kvm", 100)});
  const auto pools = deployment.counted().pools;
  EXPECT_EQ(pools.size(), 2u);
  EXPECT_EQ(pools.at(kKvm).total, 10u);
  EXPECT_EQ(pools.at(kVmware).total, 1u);
}

// SPEC LIC-9 usage-reaches-limit, POOL-6: figures of one pool
TEST(Capacity, SaysHowMuchIsLeftAndHowMuchIsTooMuch) {
  struct Row {
    std::uint64_t used, available, over;
    std::string_view status;
  };
  for (const auto& row : {Row{0, 10, 0, "ok"}, Row{9, 1, 0, "ok"},
                          Row{10, 0, 0, "usage-reaches-limit"}, Row{11, 0, 1, "over-quota"}}) {
    const auto counted = Licensed().key(0, {base("kvm", 10)}).counted({{kKvm, row.used}});
    const auto& pool = counted.pools.at(kKvm);
    EXPECT_EQ(pool.used, row.used) << "nobody is evicted";
    EXPECT_EQ(pool.available, row.available) << row.used;
    EXPECT_EQ(pool.over, row.over) << row.used;
    EXPECT_EQ(to_string(status_of(pool)), row.status) << row.used;
    EXPECT_EQ(counted.over_quota, row.over > 0) << row.used;
  }
}

// SPEC POOL-6: a license that ends evicts nobody.
TEST(Capacity, ALicenseThatEndsPutsTheDeploymentOverQuota) {
  Licensed deployment(day(99));
  deployment.file("F", 0, {base("kvm", 10), base("kvm", 5, 0, 100)});
  const Usage usage{{kKvm, 12}};
  EXPECT_FALSE(deployment.counted(usage).over_quota);
  const auto after = deployment.at(day(100)).counted(usage);
  EXPECT_TRUE(after.over_quota);
  EXPECT_EQ(after.pools.at(kKvm).used, 12u);
  EXPECT_EQ(after.pools.at(kKvm).over, 2u);
}

// SPEC LIC-12
TEST(Capacity, VmwareDrawsOnWhatKvmLeaves) {
  struct Row {
    std::uint64_t vmware_total, kvm_used, vmware_used;
    std::uint64_t drawn, kvm_available, vmware_available, vmware_over;
  };
  const std::vector<Row> rows{
      // unlicensed
      {0, 0, 0, 0, 10, 10, 0},
      {0, 4, 3, 3, 3, 3, 0},
      {0, 4, 6, 6, 0, 0, 0},
      {0, 4, 7, 6, 0, 0, 1},
      // exhausted
      {5, 4, 5, 0, 6, 6, 0},
      {5, 4, 8, 3, 3, 3, 0},
      {5, 4, 12, 6, 0, 0, 1},
      // neither
      {5, 4, 3, 0, 6, 8, 0},
      // KVM's own consumers come first
      {5, 10, 6, 0, 0, 0, 1},
      {5, 12, 6, 0, 0, 0, 1},
  };
  for (const auto& row : rows) {
    Licensed deployment;
    deployment.key(0, {base("kvm", 10)});
    if (row.vmware_total > 0) deployment.file("F", 0, {module("vmware", row.vmware_total)});
    const auto counted = deployment.counted({{kKvm, row.kvm_used}, {kVmware, row.vmware_used}});
    const auto &kvm = counted.pools.at(kKvm), &vmware = counted.pools.at(kVmware);
    const auto where = testing::Message() << row.vmware_total << " licensed, KVM " << row.kvm_used
                                          << ", VMware " << row.vmware_used;
    EXPECT_EQ(vmware.drawn, row.drawn) << where;
    EXPECT_EQ(kvm.lent, row.drawn) << where;
    EXPECT_EQ(kvm.available, row.kvm_available) << where;
    EXPECT_EQ(vmware.available, row.vmware_available) << where;
    EXPECT_EQ(vmware.over, row.vmware_over) << where;
    EXPECT_EQ(counted.over_quota, row.vmware_over > 0 || row.kvm_used > 10) << where;
  }
}

// SPEC LIC-12, POOL-1: sockets do not serve cores.
TEST(Capacity, DrawsWithinTheUnit) {
  Licensed deployment;
  deployment.key(0, {base("kvm", 10)});
  const auto counted = deployment.counted({{{"vmware", "cpu-core"}, 8}});
  EXPECT_EQ(counted.pools.at({"vmware", "cpu-core"}).over, 8u);
  EXPECT_EQ(counted.pools.at(kKvm).available, 10u);
}

// SPEC QUOTA-3: a module that ended as a whole denies its own operations, not the deployment's.
TEST(Capacity, AnEndedModuleIsNotTheDeploymentsQuota) {
  Licensed deployment(day(100));
  deployment.key(0, {base("kvm", 10), module("cdp", 5, 0, 100, "vm")});
  const PoolId cdp{"cdp", "vm"};
  EXPECT_FALSE(deployment.counted({{cdp, 5}}).over_quota);
  EXPECT_EQ(deployment.counted({{cdp, 5}}).pools.at(cdp).over, 5u);
  deployment.file("F", 0, {module("cdp", 2, 0, 365, "vm")});
  EXPECT_TRUE(deployment.counted({{cdp, 5}}).over_quota) << "the rest of it is exceeded";
}

TEST(Capacity, ASumNeverWraps) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  Licensed deployment;
  deployment.file("F", 0, {base("kvm", kMost), base("kvm", kMost), module("vmware", kMost)});
  const auto pools = deployment.counted({{kVmware, kMost}}).pools;
  EXPECT_EQ(pools.at(kKvm).total, kMost);
  EXPECT_EQ(pools.at(kVmware).available, kMost) << "KVM's, drawn";
}

}  // namespace
}  // namespace latchkey
