#include "core/deployment/kept_licenses.h"

#include <gtest/gtest.h>

#include <deque>

namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};

LicenseSummary license(const std::string& name, int day) {
  return {"doc-" + name, name, kStart + day * kDay, {{kStart, kStart + 365 * kDay}}};
}

KeyReading carries(const LicenseSummary& license) { return {{}, "K", license, {}, ""}; }
KeyReading fails(KeyFault fault) { return {fault, "K", {}, {}, ""}; }

/// Readings and installations of one key, one after the other.
class KeptLicensesTest : public ::testing::Test {
 protected:
  void install(const LicenseSummary& license, const std::string& key = "K") {
    const LicenseImported imported{key, license, "root", "file"};
    auto& fact = facts_.emplace_back(Fact{kStart, "c", facts_.size() + 1, "a", imported});
    kept_.add(fact, std::get<LicenseImported>(fact.body));
  }
  void read(const KeyReading& reading) { kept_.see(readings_.emplace_back(reading)); }
  LicenseHolding holding(const KeyReading& reading) {
    read(reading);
    return kept_.holding(readings_.back());
  }

  KeptLicenses kept_;
  std::deque<Fact> facts_;  // what kept_ refers into stays where it is
  std::deque<KeyReading> readings_;
};

// SPEC LIC-8
TEST_F(KeptLicensesTest, WhereTheLicenseIsAndWhatTheKeyLacks) {
  const auto old = license("old", 1), renewed = license("new", 2);
  const auto carried = holding(carries(old));
  EXPECT_EQ(carried.license, old);
  EXPECT_TRUE(carried.on_key && !carried.kept && carried.to_write.empty());

  install(renewed);
  const auto pending = holding(carries(old));
  EXPECT_EQ(pending.license, renewed);
  EXPECT_TRUE(!pending.on_key && pending.kept);
  EXPECT_EQ(pending.to_write, "doc-new");

  const auto written = holding(carries(renewed));
  EXPECT_EQ(written.license, renewed);
  EXPECT_TRUE(written.on_key && written.kept && written.to_write.empty());

  const auto provisioned = holding(carries(license("newest", 3)));
  EXPECT_EQ(provisioned.license, license("newest", 3)) << "the vendor's newer one stays";
  EXPECT_TRUE(provisioned.on_key && !provisioned.kept && provisioned.to_write.empty());

  const auto bare = holding(fails(KeyFault::unprovisioned));
  EXPECT_EQ(bare.license, renewed);
  EXPECT_TRUE(!bare.on_key && bare.kept);
  EXPECT_EQ(bare.to_write, "doc-new");
}

// SPEC LIC-8: a license that cannot be verified may be newer than what is kept
TEST_F(KeptLicensesTest, ALicenseInFaultIsWrittenOverOnlyWhenThatWasAskedFor) {
  for (const auto fault : {KeyFault::license_invalid, KeyFault::wrong_key_id}) {
    install(license("first", 1));
    read(carries(license("first", 1)));
    EXPECT_EQ(holding(fails(fault)).to_write, "");
    install(license("cure", 2));
    EXPECT_EQ(holding(fails(fault)).to_write, "doc-cure");
    EXPECT_EQ(holding(fails(fault)).license, std::nullopt) << "until it is written";
    EXPECT_EQ(holding(fails(fault)).to_write, "doc-cure") << "pulled and back in the same state";
    read(carries(license("cure", 2)));
    EXPECT_EQ(holding(fails(fault)).to_write, "") << "a new fault";
  }
}

// SPEC SEC-5
TEST_F(KeptLicensesTest, AWithdrawnLicenseIsGoneForGood) {
  const auto first = license("first", 1), second = license("second", 2);
  const LicenseWithdrawn withdrawn{"K", "doc-second", "second", "revoked"};
  const LicenseWithdrawn withdrawn_too{"K", "doc-first", "first", "revoked"};
  install(first);
  install(second);
  kept_.withdraw(withdrawn);
  EXPECT_EQ(holding(fails(KeyFault::unprovisioned)).license, first)
      << "the one before counts again";
  install(second);
  EXPECT_EQ(holding(fails(KeyFault::unprovisioned)).license, first) << "however late it arrives";
  EXPECT_EQ(kept_.all().size(), 1u);
  kept_.withdraw(withdrawn_too);
  EXPECT_EQ(holding(fails(KeyFault::unprovisioned)).license, std::nullopt);
}

// SPEC LIC-2: a file license is no key's, counts once, and can be deleted and installed again
TEST_F(KeptLicensesTest, AFileLicenseComesAndGoes) {
  const auto file = license("file", 3), other = license("other", 4);
  const auto names = [&] {
    std::vector<std::string> ids;
    for (const auto& kept : kept_.all()) ids.push_back(kept.key_id + "/" + kept.license.id);
    return ids;
  };
  install(license("first", 1));
  install(file, "");
  install(file, "");  // on both nodes at once
  install(other, "");
  EXPECT_EQ(names(), (std::vector<std::string>{"K/first", "/file", "/other"}));
  EXPECT_EQ(holding(fails(KeyFault::unprovisioned)).license, license("first", 1));

  kept_.remove({"doc-file", "file", "root"});
  kept_.remove({"doc-first", "first", "root"});  // a key's: stays
  EXPECT_EQ(names(), (std::vector<std::string>{"K/first", "/other"}));
  install(file, "");
  EXPECT_EQ(names(), (std::vector<std::string>{"K/first", "/other", "/file"}));

  const LicenseWithdrawn withdrawn{"", "doc-file", "file", "revoked"};
  kept_.withdraw(withdrawn);
  install(file, "");
  EXPECT_EQ(names(), (std::vector<std::string>{"K/first", "/other"}));
}

// SPEC KEY-3
TEST_F(KeptLicensesTest, AKeyThatDidNotProveItselfGetsNothing) {
  install(license("new", 2));
  for (const auto fault :
       {KeyFault::not_genuine, KeyFault::unreadable, KeyFault::busy, KeyFault::no_permission}) {
    const auto none = holding({fault, "", {}, {}, ""});
    EXPECT_TRUE(!none.license && !none.on_key && !none.kept && none.to_write.empty());
  }
}

}  // namespace
}  // namespace latchkey
