#include "core/pool/entitlement.h"

#include <gtest/gtest.h>

#include "tests/unit/pool/deployment_fixture.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using test::base;
using test::day;
using test::Licensed;
using test::module;
using Statuses = std::map<std::string, std::string>;

constexpr Duration kTick{1};

std::string status_at(const LicenseEntry& entry, Time now) {
  return Licensed(now)
      .file("F", 0, {base("kvm", 1, -1000, 10'000), entry})
      .statuses()
      .at("F:" + entry.object);
}

// SPEC LIC-9, to the tick of the clock
TEST(EntryStatus, ChangesAtTheBoundary) {
  const auto license = module("vmware", 1, 10, 100);
  const auto service = module("after-sales-7x24", 1, 10, 100, "deployment");
  struct Row {
    LicenseEntry entry;
    Time now;
    std::string_view status;
  };
  const std::vector<Row> rows{
      {license, day(10) - kTick, "not-yet-valid"},
      {license, day(10), "valid"},
      {license, day(85), "valid"},  // exactly 15 days left
      {license, day(85) + kTick, "expiring-soon"},
      {license, day(85) + 1s, "expiring-soon"},
      {license, day(100) - kTick, "expiring-soon"},
      {license, day(100), "expired"},
      {service, day(10) - kTick, "not-yet-valid"},
      {service, day(70), "valid"},  // exactly 30 days left
      {service, day(70) + kTick, "expiring-soon"},
      {service, day(100) - kTick, "expiring-soon"},
      {service, day(100), "expired"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(status_at(row.entry, row.now), row.status)
        << row.entry.object << " at " << format_time(row.now);
}

// SPEC LIC-9, BUF-6: whoever wakes at next_change, and only then, misses nothing.
TEST(Entitlements, NameEveryInstantAtWhichTheyChange) {
  Licensed deployment(day(-1));
  deployment.key(0, {base("kvm", 10, 0, 100), module("vmware", 5, 20, 50)})
      .pulled(60)
      .file("F", 1, {module("after-sales-7x24", 1, 0, 80, "deployment")});
  struct Row {
    Time at;
    std::string kvm, vmware, service;
  };
  const std::vector<Row> expected{
      {day(-1), "not-yet-valid", "not-yet-valid", "not-yet-valid"},
      {day(0), "valid", "not-yet-valid", "valid"},
      {day(20), "valid", "valid", "valid"},
      {day(35) + kTick, "valid", "expiring-soon", "valid"},
      {day(50), "valid", "expired", "valid"},
      {day(50) + kTick, "valid", "expired", "expiring-soon"},
      {day(60), "expired", "expired", "base-missing"},  // the buffer ends, and with it the base
      {day(80), "expired", "expired", "expired"},
  };
  std::size_t row = 0;
  auto before = deployment.statuses();
  for (std::optional<Time> now = day(-1); now; now = deployment.entitled().next_change) {
    deployment.at(*now);
    const auto after = deployment.statuses();
    if (row > 0 && after == before) continue;  // a mark of an entry that ended by another rule
    before = after;
    ASSERT_LT(row, expected.size()) << format_time(*now);
    const auto& [at, kvm, vmware, service] = expected[row++];
    EXPECT_EQ(*now, at);
    EXPECT_EQ(
        after,
        (Statuses{{"on-key:kvm", kvm}, {"on-key:vmware", vmware}, {"F:after-sales-7x24", service}}))
        << format_time(*now);
  }
  EXPECT_EQ(row, expected.size());
}

// SPEC LIC-1 at run time: a module that was imported with its base ends with it.
TEST(Entitlements, AModuleCountsOnlyWhileABaseCounts) {
  Licensed deployment;
  deployment.file("module", 0, {module("vmware", 5)});
  EXPECT_EQ(deployment.statuses().at("module:vmware"), "base-missing");
  EXPECT_FALSE(deployment.entitled().usable);
  deployment.file("base", 0, {base("kvm", 10, 0, 200)});
  EXPECT_EQ(deployment.statuses().at("module:vmware"), "valid");
  EXPECT_TRUE(deployment.entitled().usable);
  EXPECT_EQ(deployment.at(day(200)).statuses().at("module:vmware"), "base-missing");
}

// SPEC KEY-6 and the invariant "never unusable with a valid file license": no key was ever there.
TEST(Entitlements, FilesAloneAreEnough) {
  Licensed deployment;
  deployment.file("F", 0, {base("kvm", 10)});
  EXPECT_TRUE(deployment.entitled().usable);
  EXPECT_EQ(deployment.entitled().entries.at(0).source, LicenseSource::file);
}

// SPEC LIC-3
TEST(Entitlements, TheSameModuleCountsFromTheSourceIssuedLast) {
  struct Row {
    int key_issued, file_issued, other_file_issued;
    std::string key, file, other_file;
  };
  const std::vector<Row> rows{
      {10, 5, 6, "valid", "hidden", "hidden"},
      {10, 15, 5, "hidden", "valid", "valid"},  // one newer file brings the files in
      {10, 5, 15, "hidden", "valid", "valid"},
      {10, 10, 5, "valid", "hidden", "hidden"},  // issued together: the key's
  };
  for (const auto& row : rows) {
    Licensed deployment;
    deployment.key(row.key_issued, {base("kvm", 10), module("vmware", 1)})
        .file("F", row.file_issued, {base("kvm", 20), module("vmware", 2)})
        .file("G", row.other_file_issued, {module("vmware", 4), module("cdp", 8)});
    EXPECT_EQ(deployment.statuses(), (Statuses{{"on-key:kvm", "valid"},
                                               {"on-key:vmware", row.key},
                                               {"F:kvm", "valid"},  // bases add up
                                               {"F:vmware", row.file},
                                               {"G:vmware", row.other_file},
                                               {"G:cdp", "valid"}}))  // not hidden otherwise
        << row.key_issued << " " << row.file_issued << " " << row.other_file_issued;
  }
}

// SPEC LIC-3 among entries that count now: what has ended hides nothing.
TEST(Entitlements, AnExpiredNewerModuleHidesNothing) {
  Licensed deployment;
  deployment.key(10, {base("kvm", 10), module("vmware", 1, 0, 50)})
      .file("F", 5, {module("vmware", 2)});
  EXPECT_EQ(deployment.statuses().at("F:vmware"), "valid");
  EXPECT_EQ(deployment.at(day(40)).statuses().at("F:vmware"), "hidden");
}

// SPEC LIC-3, BUF-8: the buffer stands for its key.
TEST(Entitlements, ABufferHidesAsItsKeyDid) {
  Licensed deployment(day(20));
  deployment.key(10, {base("kvm", 10), module("vmware", 1)})
      .file("F", 5, {module("vmware", 2)})
      .pulled(30);
  EXPECT_EQ(deployment.statuses().at("F:vmware"), "hidden");
  EXPECT_EQ(deployment.entitled().entries.at(0).ends, day(30)) << "SPEC BUF-6";
  EXPECT_EQ(deployment.at(day(30)).statuses().at("on-key:kvm"), "expired");
}

// SPEC BUF-6: an entry that ends before the buffer ends by itself, and the notice is its own.
TEST(Entitlements, ABufferEndsNothingLaterThanTheLicense) {
  Licensed deployment(day(19));
  deployment.key(0, {base("kvm", 10, 0, 25), base("zns", 1, 0, 365, "transport-node")}).pulled(30);
  const auto entries = deployment.entitled().entries;
  EXPECT_EQ(entries.at(0).ends, day(25));
  EXPECT_EQ(entries.at(0).status, EntryStatus::expiring_soon);
  EXPECT_EQ(entries.at(1).ends, day(30));
  EXPECT_EQ(entries.at(1).status, EntryStatus::valid) << "the buffer's end is an alert of its own";
}

// SPEC LIC-8, KEY-9: what is kept for keys counts only through the key in use.
TEST(Entitlements, LicensesOfOtherKeysDoNotCount) {
  Licensed deployment;
  deployment.key(10, {base("kvm", 10)})
      .kept(Licensed::kKey, "earlier", 5, {base("kvm", 1)})
      .kept("LK-BLUE", "blue", 20, {base("kvm", 2)});
  deployment.decision.keys.push_back({});  // on the other node, and not in use
  deployment.decision.keys.back().reading.key_id = "LK-BLUE";
  deployment.decision.keys.back().holding.license = deployment.decision.kept.back().license;
  EXPECT_EQ(deployment.statuses(), (Statuses{{"on-key:kvm", "valid"},
                                             {"earlier:kvm", "superseded"},
                                             {"blue:kvm", "key-absent"}}));
}

// SPEC REQ-2
TEST(Entitlements, AFileForOtherMachinesSaysWhatMoved) {
  Licensed deployment;
  deployment.file("mine", 0, {base("kvm", 10)})
      .file("theirs", 0, {base("kvm", 10)}, {}, "elsewhere");
  EXPECT_EQ(deployment.statuses(),
            (Statuses{{"mine:kvm", "valid"}, {"theirs:kvm", "environment-mismatch"}}));
  deployment.decision.factors["node-a"].factors["dmi-uuid"] = "moved";
  const auto entries = deployment.entitled().entries;
  EXPECT_EQ(entries.at(0).status, EntryStatus::environment_mismatch);
  EXPECT_NE(entries.at(0).detail.find("dmi-uuid"), std::string::npos) << entries.at(0).detail;
  EXPECT_FALSE(deployment.entitled().usable);
}

// SPEC POOL-2: a renewal may be installed ahead of its time without a gap, and not beside the old.
TEST(Entitlements, ADocumentEndsWhenTheOneThatReplacesItBegins) {
  Licensed deployment(day(99));
  deployment.file("old", 0, {base("kvm", 10, 0, 110)})
      .file("new", 50, {base("kvm", 20, 100, 400)}, {"old"});
  EXPECT_EQ(deployment.statuses(),
            (Statuses{{"old:kvm", "expiring-soon"}, {"new:kvm", "not-yet-valid"}}));
  EXPECT_EQ(deployment.entitled().next_change, day(100));
  EXPECT_EQ(deployment.at(day(100)).statuses(),
            (Statuses{{"old:kvm", "superseded"}, {"new:kvm", "valid"}}));
}

TEST(Entitlements, TwoThatReplaceEachOtherLeaveOne) {
  for (const auto& [first, second] : {std::pair{1, 2}, {2, 1}, {1, 1}}) {
    Licensed deployment;
    deployment.file("F", first, {base("kvm", 10)}, {"G"})
        .file("G", second, {base("kvm", 20)}, {"F", "G"});
    EXPECT_TRUE(deployment.entitled().usable) << first << " " << second;
    EXPECT_NE(deployment.statuses().at("F:kvm"), deployment.statuses().at("G:kvm"));
  }
}

TEST(Entitlements, ADocumentForOtherMachinesReplacesNothing) {
  Licensed deployment;
  deployment.file("old", 0, {base("kvm", 10)})
      .file("new", 50, {base("kvm", 20)}, {"old"}, "elsewhere");
  EXPECT_EQ(deployment.statuses().at("old:kvm"), "valid");
}

// SPEC LIC-9: one word for a whole document
TEST(Entitlements, ADocumentHasTheStatusOfItsBestEntry) {
  const auto expired = base("kvm", 1, 0, 50), later = base("kvm", 1, 150, 500);
  const auto soon = base("kvm", 1, 0, 110), valid = base("kvm", 1);
  const auto idle = module("vmware", 1);  // no base counts beside it
  const std::vector<std::pair<std::vector<LicenseEntry>, std::string_view>> rows{
      {{valid}, "valid"},     {{expired, valid}, "valid"},         {{valid, soon}, "expiring-soon"},
      {{expired}, "expired"}, {{expired, later}, "not-yet-valid"}, {{later, idle}, "base-missing"},
  };
  for (const auto& [entries, status] : rows) {
    const auto all = Licensed().file("F", 0, entries).entitled();
    ASSERT_EQ(all.documents.size(), 1u);
    EXPECT_EQ(to_string(status_of(entries_of(all, all.documents[0]))), status);
  }
}

// SPEC LIC-8: what a key still carries until the newer one is written to it
TEST(Entitlements, WhatAKeyCarriesBesidesItsLicenseIsSuperseded) {
  Licensed deployment;
  deployment.key(10, {base("kvm", 10)}).kept("LK-BLUE", "carried", 5, {base("kvm", 1)});
  auto carried = deployment.decision.kept.back();
  deployment.decision.kept.clear();
  for (const auto& [key, status] :
       {std::pair{Licensed::kKey, "superseded"}, {"LK-BLUE", "key-absent"}}) {
    deployment.decision.keys = {{}};
    deployment.decision.keys[0].reading.key_id = key;
    deployment.decision.keys[0].reading.license = carried.license;
    EXPECT_EQ(deployment.statuses().at("carried:kvm"), status);
  }
}

// A fact can be here before its document is.
TEST(Entitlements, ADocumentThatIsNotHereDoesNotCount) {
  Licensed deployment;
  deployment.key(0, {base("kvm", 10)}).file("F", 0, {base("kvm", 10)});
  deployment.documents.clear();
  EXPECT_TRUE(deployment.entitled().entries.empty());
  EXPECT_FALSE(deployment.entitled().usable);
}

}  // namespace
}  // namespace latchkey
