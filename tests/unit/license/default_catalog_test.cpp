#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/license/catalog.h"

namespace latchkey {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Names = std::vector<std::string>;

// What the sources of SPEC LIC-11 name, in their spelling: A (ZCF License Server), B (ZStack
// Cloud), C (ZSphere).
const Names kObjects{
    // A: license objects, and the table of licensing terms
    "ZStack Cloud", "ZStack ZStone", "ZNS", "ZCF Network Service", "ZCF Unified Portal",
    "ZCF Cloud Federation", "ZCF Observability", "VMware Management", "Baremetal Management",
    "Elastic Baremetal Management", "ARM64 Server Management", "Disaster Recovery Service",
    "Continuous Data Protection (CDP)", "Tenant Management", "SDN Network",
    "Cryptography Security Compliance", "Alibaba Cloud Hybrid Cloud Management",
    "GPU/vGPU Passthrough", "dGPU Computing Slicing", "AI Model Platform-Base Module",
    "AI Model Platform-GPU", "GPU Device Management", "SR-IOV Management", "Security Device",
    "Billing Management", "Resource Orchestration", "Auto-Scaling", "Container Management-CPU",
    "Container Management-vCPU", "High-Performance Block Storage", "Block Storage",
    "Object Storage", "File Storage", "iSCSI", "High-Speed Network", "ZMetis Metrics Center",
    "ZMetis Logs Center", "ZMetis Alerts Center", "ZMetis Inspection and Assets",
    "Cloud Federation", "Unified Portal",
    // B: the Plus licenses
    "ARM64 Management", "Backup Service", "Continuous Data Protection (CDP) Service",
    "5x8 After-Sales Service", "7x24 After-Sales Service", "SR-IOV NIC Service", "GPU Service",
    "CloudFormation", "Auto-Scaling Service", "Container Service-CPU", "Container Service-vCPU",
    "SE Device",
    // C
    "ZStack ZSphere"};
const Names kEditions{// A
                      "ZStack Cloud Standard", "ZStack Cloud Enterprise", "ZStack Cloud XinChuang",
                      "ZNS Community", "ZNS Standard", "ZNS Enterprise", "ZNS Enterprise Plus",
                      // B
                      "Community", "Standard", "Enterprise Trial", "Enterprise Prepaid",
                      // C
                      "Basic Edition - Trial", "Basic Edition - Paid", "Advanced Edition - Paid"};
const Names kUnits{
    "CPU sockets",
    "CPU cores",  // A, C
    "hosts",      // C, B
    "physical servers",
    "VMs",
    "vCPUs",  // A, B
    "transport nodes",
    "platforms",  // A
};

const Catalog& catalog() { return default_catalog(); }

template <class Value>
Names missing(const Names& wanted, const Catalog::ById<Value>& among) {
  Names out;
  std::ranges::copy_if(wanted, std::back_inserter(out), [&](const std::string& name) {
    return std::ranges::none_of(among, [&](const auto& item) {
      const auto& [id, value] = item;
      return value.name == name || std::ranges::find(value.also, name) != value.also.end();
    });
  });
  return out;
}

// SPEC LIC-11
TEST(DefaultCatalog, HasEverythingThatTheSourcesName) {
  EXPECT_THAT(missing(kObjects, catalog().objects), IsEmpty());
  EXPECT_THAT(missing(kEditions, catalog().editions), IsEmpty());
  for (const auto& name : kUnits)
    EXPECT_TRUE(std::ranges::any_of(catalog().units, [&](const auto& unit) {
      return unit.second.many == name;
    })) << name;
}

// SPEC LIC-11: by which units the sources meter
TEST(DefaultCatalog, MetersAsTheSourcesDo) {
  const struct {
    const char* object;
    std::vector<const char*> units;
  } rows[] = {
      {"kvm", {"cpu-socket", "cpu-core", "host"}},
      {"zsphere", {"cpu-socket", "cpu-core", "host"}},
      {"zns", {"transport-node"}},
      {"vmware", {"cpu-socket", "cpu-core"}},
      {"baremetal", {"server"}},
      {"elastic-baremetal", {"server"}},
      {"arm64", {"server", "host"}},
      {"disaster-recovery", {"vm"}},
      {"container-cpu", {"cpu-socket", "cpu-core"}},
      {"container-vcpu", {"vcpu"}},
      {"cloud-federation", {"platform"}},
  };
  for (const auto& row : rows)
    for (const auto* unit : row.units) {
      const auto kind = catalog().objects.at(row.object).kind == ObjectKind::base
                            ? EntryKind::base
                            : EntryKind::module;
      EXPECT_TRUE(knows(catalog(), {row.object, unit, 1, kind, {}, {}})) << row.object << unit;
    }
}

// SPEC LIC-11: which edition includes what by default, and the limits of a trial
TEST(DefaultCatalog, Editions) {
  const auto included = UnorderedElementsAre("sdn", "gpu", "sr-iov", "security-device", "billing",
                                             "resource-orchestration", "auto-scaling");
  const auto& editions = catalog().editions;
  EXPECT_THAT(editions.at("enterprise").includes, included);
  EXPECT_THAT(editions.at("xinchuang").includes, included);
  EXPECT_THAT(editions.at("standard").includes, IsEmpty());
  for (const char* trial : {"trial", "zsphere-trial"}) {
    EXPECT_EQ(editions.at(trial).days, 30) << trial;
    EXPECT_EQ(editions.at(trial).hosts, 1) << trial;
    EXPECT_FALSE(editions.at(trial).after_sales) << trial;
  }
  for (const char* paid : {"standard", "enterprise", "zsphere-basic", "zsphere-advanced"}) {
    EXPECT_FALSE(editions.at(paid).days || editions.at(paid).hosts) << paid;
    EXPECT_TRUE(editions.at(paid).after_sales) << paid;
  }
}

// SPEC LIC-12
TEST(DefaultCatalog, OnlyVmwareDrawsOnAnotherPool) {
  Names drawing;
  for (const auto& [id, object] : catalog().objects)
    if (!object.draws_on.empty()) drawing.push_back(id + " on " + object.draws_on);
  EXPECT_THAT(drawing, ElementsAre("vmware on kvm"));
}

// SPEC LIC-11: a name that people order by means one thing
TEST(DefaultCatalog, NoNameMeansTwoThings) {
  Names names;
  for (const auto& [id, object] : catalog().objects) {
    names.push_back(object.name);
    names.insert(names.end(), object.also.begin(), object.also.end());
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace latchkey
