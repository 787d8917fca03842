#include "core/deployment/inserted_keys.h"

#include <gtest/gtest.h>

#include "core/deployment/witness.h"

namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};

LicenseSummary license(const std::string& name, int day) {
  return {name, name, kStart + day * kDay, {{kStart, kStart + 365 * kDay}}};
}

/// One node that reads the key K and installs licenses for it.
struct Node {
  Witness witness{{"a", "chain-a"}};
  void read(std::optional<KeyFault> fault, std::optional<LicenseSummary> carried,
            std::string key = "K") {
    witness.key_read(kStart, "p", "test", {fault, std::move(key), std::move(carried), {}, ""});
  }
  void install(const LicenseSummary& license) {
    witness.license_imported(kStart, {"K", license, "root", "file"});
  }
  std::vector<InsertedKey> keys() const { return inserted_keys(witness.decide(kStart)); }
};

// SPEC LIC-5 older-than-current, already-imported
TEST(InsertedKeys, CurrentIsIssuedLastOfCarriedAndKept) {
  Node node;
  EXPECT_TRUE(node.keys().empty());
  node.read({}, license("carried", 2));
  node.install(license("early", 1));
  ASSERT_EQ(node.keys().size(), 1u);
  EXPECT_EQ(node.keys()[0].current, license("carried", 2));
  EXPECT_EQ(node.keys()[0].imported, (std::set<std::string>{"carried", "early"}));
  node.install(license("late", 3));
  EXPECT_EQ(node.keys()[0].current, license("late", 3));
}

// SPEC KEY-3
TEST(InsertedKeys, OnlyKeysThatProvedThemselves) {
  Node node;
  node.read(KeyFault::unreadable, {}, "");
  EXPECT_TRUE(node.keys().empty());
}

// SPEC LIC-8: there is a way out when the license on the key was damaged
TEST(InsertedKeys, AKeyWhoseLicenseIsInFaultMayGetItsLicenseAgain) {
  Node node;
  node.read({}, license("old", 1));
  node.install(license("new", 2));
  node.read(KeyFault::license_invalid, {});
  EXPECT_EQ(node.keys()[0].current, license("new", 2));
  EXPECT_TRUE(node.keys()[0].imported.empty());
  node.install(license("new", 2));
  EXPECT_EQ(node.keys()[0].imported, std::set<std::string>{"new"}) << "it is on its way to the key";
}

}  // namespace
}  // namespace latchkey
