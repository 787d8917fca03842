#include "tests/unit/agent/access_fixture.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class AccessDeskTest : public AccessDeskFixture {};

TEST_F(AccessDeskTest, ATokenLetsOneIn) {  // SPEC SRV-2, SEC-2
  const auto text = token();
  EXPECT_EQ(decode_enrolment_token(text)->pin, desk_.authority()->pin());
  const auto key = new_key();
  const auto outcome = enrol(text, key);
  ASSERT_TRUE(outcome && *outcome) << outcome->error().message;
  EXPECT_EQ((*outcome)->at("role"), "consumer");
  EXPECT_EQ((*outcome)->at("ca"), desk_.ca_certificate());
  const auto caller = desk_.doorman().caller_of(request(key));
  EXPECT_EQ(caller.rights, rights_of(Role::consumer));
  EXPECT_EQ(caller.id, "identity:" + (*outcome)->at("identity").get<std::string>());
  EXPECT_FALSE(desk_.doorman().objection(request(key)));
  EXPECT_EQ(desk_.tokens().at("tokens").at(0).at("state"), "used");
  EXPECT_EQ(refusal(text, new_key()), "token-used");
}

TEST_F(AccessDeskTest, AnAddressHasSoManyAttempts) {  // SPEC SEC-2
  int taken = 0;
  while (taken < 1000 && !desk_.attempt(kFrom)) ++taken;
  EXPECT_GE(taken, 20);
  const auto refusal = desk_.attempt(kFrom);
  EXPECT_EQ(code(refusal), "too-many-attempts");
  EXPECT_EQ(refusal->headers.at(0).first, "Retry-After");
  EXPECT_FALSE(desk_.attempt({"10.0.0.10", ""})) << "another address";
}

TEST_F(AccessDeskTest, WhoSucceedsMayGoOn) {  // SPEC SRV-2: a hundred machines behind one address
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(desk_.attempt(kFrom)) << i;
    ASSERT_TRUE(enrol(token(), new_key()).value()) << i;
  }
}

TEST_F(AccessDeskTest, NobodyIsLetInBeforeItIsDurable) {  // SPEC SRV-2
  const auto text = token();
  const auto key = new_key();
  Outcome first, second;
  desk_.enrol(kFrom, text, test::certificate_request(key), into(first));
  desk_.enrol(kFrom, text, test::certificate_request(new_key()), into(second));
  EXPECT_FALSE(first);
  EXPECT_EQ(second->error().code, "token-used") << "it is on its way to the disk";
  EXPECT_TRUE(desk_.doorman().caller_of(request(key)).rights.empty());
  settle();
  EXPECT_TRUE(*first);
  EXPECT_FALSE(desk_.doorman().caller_of(request(key)).rights.empty());
}

TEST_F(AccessDeskTest, SaysThatTheDiskHasNotTakenIt) {
  Outcome outcome;
  desk_.create_token(kRoot, {Role::consumer, "web", 1h}, into(outcome));
  reactor_.advance(10s);
  EXPECT_EQ(outcome->error().code, "store-failed");
}

TEST_F(AccessDeskTest, RefusesTokensThatAreNone) {  // SPEC SEC-2
  const auto good = token();
  auto forged = *decode_enrolment_token(good);
  forged.secret.back() ^= 1;
  EXPECT_EQ(refusal(encode_enrolment_token(forged), new_key()), "token-unknown");
  EXPECT_EQ(refusal("LKE-x", new_key()), "token-invalid");
  const auto stranger = new_enrolment_token(std::string(64, '1'), system_random).value();
  EXPECT_EQ(refusal(encode_enrolment_token(stranger), new_key()), "token-unknown");
  clock_.time += 1h - 1ms;
  EXPECT_EQ(refusal(good, new_key()), "") << "the last instant";
  const auto late = token();
  clock_.time += 1h;
  EXPECT_EQ(refusal(late, new_key()), "token-expired");
  EXPECT_EQ(desk_.tokens().at("tokens").size(), 2U);
}

TEST_F(AccessDeskTest, ARefusedRequestLeavesTheTokenGood) {  // SPEC SEC-3
  const auto text = token();
  Outcome outcome;
  desk_.enrol(kFrom, text, "nonsense", into(outcome));
  EXPECT_EQ(outcome->error().code, "request-invalid");
  EXPECT_EQ(refusal(text, new_key()), "");
}

TEST_F(AccessDeskTest, ARevokedIdentityIsOutForGood) {  // SPEC SEC-2
  const auto key = new_key();
  const auto id = enrol(token(), key).value()->at("identity").get<std::string>();
  Outcome outcome;
  desk_.revoke(kRoot, id, "lost", into(outcome));
  settle();
  ASSERT_TRUE(outcome && *outcome);
  EXPECT_TRUE(desk_.doorman().caller_of(request(key)).rights.empty());
  EXPECT_EQ(code(desk_.doorman().objection(request(key))), "identity-revoked");
  EXPECT_EQ(desk_.identities().at("identities").at(0).at("reason"), "lost");
  desk_.revoke(kRoot, id, "", into(outcome));
  EXPECT_EQ(outcome->error().code, "already-revoked");
  desk_.revoke(kRoot, "nobody", "", into(outcome));
  EXPECT_EQ(outcome->error().code, "unknown-identity");
  EXPECT_EQ(refusal(token(), key), "key-known");
  EXPECT_EQ(code(desk_.doorman().objection(request(new_key()))), "identity-unknown");
}

/// The other node's facts come in by the link (SPEC SRV-2: both nodes at once).
TEST_F(AccessDeskTest, OfTwoNodesTheEarlierEnrolmentCounts) {
  const auto text = token();
  const auto id = decode_enrolment_token(text)->id;
  const auto mine = new_key(), theirs = new_key();
  Outcome outcome;
  const auto pin = theirs.public_key().fingerprint();
  clock_.time += 2min;
  desk_.enrol(kFrom, text, test::certificate_request(mine), into(outcome));
  store_.answer_all();
  // A minute before ours, and heard only now.
  hear(IdentityEnrolled{pin.substr(0, 16), Role::consumer, "web", pin, id}, clock_.time - 1min);
  EXPECT_FALSE(desk_.doorman().caller_of(request(theirs)).rights.empty());
  EXPECT_TRUE(desk_.doorman().caller_of(request(mine)).rights.empty());
  EXPECT_EQ(code(desk_.doorman().objection(request(mine))), "identity-overtaken");
}

TEST_F(AccessDeskTest, HearsOfARevocationOnTheOtherNode) {  // SPEC SEC-2
  const auto key = new_key();
  const auto id = enrol(token(), key).value()->at("identity").get<std::string>();
  hear(IdentityRevoked{id, "john", ""}, clock_.time);
  EXPECT_EQ(code(desk_.doorman().objection(request(key))), "identity-revoked");
}

}  // namespace
}  // namespace latchkey
