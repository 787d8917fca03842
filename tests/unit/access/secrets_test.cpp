#include <gtest/gtest.h>

#include "core/access/enrolment_token.h"
#include "core/access/password.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

const std::string kPin(64, 'c');

bool no_random(std::span<std::uint8_t>) { return false; }

TEST(EnrolmentToken, SurvivesTheRoundTripAndPasting) {  // SPEC SRV-2
  const auto token = new_enrolment_token(kPin, system_random);
  ASSERT_TRUE(token);
  const auto text = encode_enrolment_token(*token);
  EXPECT_TRUE(text.starts_with("LKE-"));
  const auto back = decode_enrolment_token("  " + text + "\r\n");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pin, kPin);
  EXPECT_EQ(back->id, token->id);
  EXPECT_EQ(back->secret, token->secret);
  EXPECT_EQ(back->verifier(), content_hash(token->secret));
  EXPECT_NE(new_enrolment_token(kPin, system_random)->secret, token->secret);
  EXPECT_EQ(new_enrolment_token(kPin, no_random).error().code, "no-random");
}

TEST(EnrolmentToken, RefusesWhatIsNone) {  // SPEC SEC-3
  const auto text = encode_enrolment_token(*new_enrolment_token(kPin, system_random));
  auto other_version = text;
  other_version[4] = 'B';
  for (const auto& bad : {std::string(), std::string("LKE-"), text.substr(4), text.substr(0, 60),
                          text + "A", text + "AAAA", other_version, "LKE-" + std::string(87, '='),
                          std::string(100'000, 'A'), std::string(" \n")})
    EXPECT_EQ(decode_enrolment_token(bad).error().code, "token-invalid") << bad.substr(0, 80);
}

TEST(Password, FitsItsVerifierAndNoOther) {  // SPEC SEC-2
  const auto verifier = password_verifier("correct horse battery", system_random);
  ASSERT_TRUE(verifier);
  EXPECT_EQ(verifier->find("correct"), std::string::npos);
  EXPECT_TRUE(password_fits("correct horse battery", *verifier));
  EXPECT_FALSE(password_fits("correct horse batterz", *verifier));
  EXPECT_FALSE(password_fits("", *verifier));
  EXPECT_NE(password_verifier("correct horse battery", system_random), *verifier) << "salted";
}

TEST(Password, HasItsBounds) {
  EXPECT_TRUE(password_verifier(std::string(12, 'x'), system_random));
  EXPECT_TRUE(password_verifier(std::string(256, 'x'), system_random));
  for (const auto& bad : {std::string(), std::string(11, 'x'), std::string(257, 'x')})
    EXPECT_EQ(password_verifier(bad, system_random).error().code, "password-unfit");
  EXPECT_EQ(password_verifier(std::string(12, 'x'), no_random).error().code, "no-random");
}

/// SPEC SEC-3: a verifier comes from the other node's facts: it can make nobody compute for hours.
TEST(Password, NothingFitsABrokenVerifier) {
  const std::string salt(22, 'A'), hash(43, 'A');
  for (const auto& bad :
       {std::string(), std::string("scrypt"), std::string(":::::"),
        "scrypt:1048576:8:1:" + salt + ":" + hash, "scrypt:32768:8:100:" + salt + ":" + hash,
        "scrypt:0:8:1:" + salt + ":" + hash, "scrypt:3:8:1:" + salt + ":" + hash,
        "scrypt:-1:8:1:" + salt + ":" + hash, "bcrypt:32768:8:3:" + salt + ":" + hash,
        "scrypt:32768:8:3:" + salt + ":AA", "scrypt:32768:8:3:" + salt + ":" + hash + ":x"})
    EXPECT_FALSE(password_fits("any password at all", bad)) << bad;
}

}  // namespace
}  // namespace latchkey
