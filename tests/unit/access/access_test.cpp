#include "core/access/access.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

constexpr Time kAt{std::chrono::hours(24 * 20'000)};

TokenCreated token(const std::string& id, Role role = Role::consumer) {
  return {id, std::string(64, 'a'), role, "web", kAt + kDay, "root"};
}
IdentityEnrolled identity(const std::string& id, const std::string& token_id,
                          Role role = Role::consumer) {
  return {id, role, "web", "pin-of-" + id, token_id};
}
Access folded(const std::vector<AccessFact>& facts) {
  Access access;
  for (const auto& fact : facts) access.apply(kAt, fact);
  return access;
}

TEST(Access, AnIdentityCountsUntilItIsRevoked) {  // SPEC SEC-2
  auto access = folded({token("t"), identity("i", "t")});
  ASSERT_NE(access.by_pin("pin-of-i"), nullptr);
  EXPECT_TRUE(access.by_pin("pin-of-i")->good());
  EXPECT_EQ(access.token("t")->used_by, "i");
  access.apply(kAt, IdentityRevoked{"i", "root", "lost"});
  access.apply(kAt, IdentityRevoked{"i", "mary", "later"});
  EXPECT_FALSE(access.by_pin("pin-of-i")->good());
  EXPECT_EQ(access.identity("i")->revoked->by, "root") << "the first word stays";
}

/// Both at one instant, and the revoking node's chain has the smaller name.
TEST(Access, ARevocationCountsWhateverItsPlace) {  // SPEC SEC-2
  const auto access =
      folded({token("t"), IdentityRevoked{"i", "root", "lost"}, identity("i", "t")});
  EXPECT_FALSE(access.by_pin("pin-of-i")->good());
  EXPECT_EQ(access.identity("i")->revoked->reason, "lost");
}

/// SPEC SRV-2: both nodes took one token at the same time: both fold the facts in one order.
TEST(Access, OfTwoThatUsedOneTokenTheFirstCounts) {
  const auto access = folded({token("t"), identity("first", "t"), identity("second", "t")});
  EXPECT_TRUE(access.identity("first")->good());
  EXPECT_TRUE(access.identity("second")->overtaken);
  EXPECT_EQ(access.token("t")->used_by, "first");
}

TEST(Access, NobodyEnrolsWithoutATokenOrAboveIt) {  // SPEC SEC-2
  const auto access =
      folded({token("t"), identity("stranger", "u"), identity("climber", "t", Role::administrator),
              identity("honest", "t")});
  EXPECT_FALSE(access.identity("stranger")->good());
  EXPECT_FALSE(access.identity("climber")->good());
  EXPECT_TRUE(access.identity("honest")->good());
}

TEST(Access, AKnownKeyIsNotEnrolledAgain) {  // SPEC SEC-2: revoked is for good
  auto access = folded({token("t"), token("u"), identity("i", "t")});
  access.apply(kAt, IdentityRevoked{"i", "root", ""});
  access.apply(kAt, IdentityEnrolled{"j", Role::consumer, "web", "pin-of-i", "u"});
  EXPECT_FALSE(access.by_pin("pin-of-i")->good());
  EXPECT_FALSE(access.identity("j")->good());
}

TEST(Access, AnAccountIsWhatWasSetLast) {
  auto access = folded({AccountSet{"mary", Role::viewer, "one", "root"},
                        AccountSet{"mary", Role::administrator, "two", "root"}});
  EXPECT_EQ(access.account("mary")->role, Role::administrator);
  EXPECT_EQ(access.account("mary")->verifier, "two");
  access.apply(kAt, AccountDeleted{"mary", "root"});
  EXPECT_EQ(access.account("mary"), nullptr);
  EXPECT_TRUE(access.accounts().empty());
}

}  // namespace
}  // namespace latchkey
