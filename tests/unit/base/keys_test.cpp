#include "core/base/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/base/deployment_id.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

class Keys : public testing::TestWithParam<KeyAlgorithm> {
 protected:
  PrivateKey key_ = PrivateKey::generate(GetParam()).value();
};

TEST_P(Keys, SignsAndVerifies) {
  const auto message = as_bytes("message");
  const auto signature = key_.sign(message).value();
  EXPECT_TRUE(key_.public_key().verify(message, signature));
  EXPECT_FALSE(key_.public_key().verify(as_bytes("massage"), signature));
  EXPECT_FALSE(PrivateKey::generate(GetParam())->public_key().verify(message, signature));
}

TEST_P(Keys, SignsAndVerifiesADigest) {
  const auto digest = sha256(as_bytes("challenge"));
  const auto signature = key_.sign_digest(digest).value();
  EXPECT_TRUE(key_.public_key().verify_digest(digest, signature));
  EXPECT_FALSE(key_.public_key().verify_digest(sha256(as_bytes("other")), signature));
  // What the key signs as an answer to a challenge is no signature over a document, and the
  // reverse.
  EXPECT_EQ(key_.public_key().verify(digest, signature), GetParam() == KeyAlgorithm::ed25519);
}

TEST_P(Keys, EveryDamagedSignatureByteIsNoticed) {
  const auto message = as_bytes("message");
  const auto signature = key_.sign(message).value();
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto damaged = signature;
    damaged[i] ^= 0x01;
    EXPECT_FALSE(key_.public_key().verify(message, damaged)) << i;
  }
  for (const std::size_t size : {std::size_t{0}, signature.size() - 1})
    EXPECT_FALSE(key_.public_key().verify(message, ByteView(signature).first(size)));
}

TEST_P(Keys, PublicKeyRoundTrips) {
  const auto& original = key_.public_key();
  const auto from_der = PublicKey::from_der(original.der());
  const auto from_pem = PublicKey::from_pem(original.pem());
  ASSERT_TRUE(from_der && from_pem);
  EXPECT_EQ(*from_der, original);
  EXPECT_EQ(*from_pem, original);
  EXPECT_EQ(from_pem->algorithm(), GetParam());
  EXPECT_EQ(deployment_id(original), content_hash(original.der()));
}

TEST_P(Keys, PublicKeyComesFromItsOwnBytes) {
  const auto& der = key_.public_key().der();
  const std::size_t size = GetParam() == KeyAlgorithm::ed25519      ? 32
                           : GetParam() == KeyAlgorithm::ecdsa_p256 ? 65
                                                                    : 97;
  const auto raw = ByteView(der).last(size);
  EXPECT_EQ(PublicKey::from_raw(GetParam(), raw).value(), key_.public_key());
  EXPECT_EQ(PublicKey::from_raw(GetParam(), raw.first(size - 1)).error().code, "invalid-key");
  EXPECT_EQ(PublicKey::from_raw(GetParam(), {}).error().code, "invalid-key");
}

TEST_P(Keys, PrivateKeyIsStoredEncrypted) {
  const auto pem = key_.encrypted_pem("open sesame").value();
  EXPECT_TRUE(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  const auto opened = PrivateKey::from_pem(pem, "open sesame");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->public_key(), key_.public_key());
  EXPECT_TRUE(key_.public_key().verify(as_bytes("m"), opened->sign(as_bytes("m")).value()));
  for (const auto* wrong : {"", "open sesam", "Open sesame"})
    EXPECT_EQ(PrivateKey::from_pem(pem, wrong).error().code, "wrong-passphrase");
  EXPECT_EQ(key_.encrypted_pem("").error().code, "empty-passphrase");
}

TEST_P(Keys, PlainPrivateKeyRoundTrips) {
  const auto pem = key_.plain_pem().value();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----"));
  EXPECT_EQ(PrivateKey::from_pem(pem)->public_key(), key_.public_key());
}

// One key, one spelling: else one key would have many key IDs.
TEST_P(Keys, RefusesEveryOtherSpellingOfAPublicKey) {
  const auto& der = key_.public_key().der();
  for (std::size_t size = 0; size < der.size(); ++size)
    EXPECT_FALSE(PublicKey::from_der(ByteView(der).first(size))) << size;
  auto longer = der;
  longer.push_back(0);
  EXPECT_FALSE(PublicKey::from_der(longer));
  const std::map<KeyAlgorithm, std::size_t> key_bytes{
      {KeyAlgorithm::ed25519, 32}, {KeyAlgorithm::ecdsa_p256, 64}, {KeyAlgorithm::ecdsa_p384, 96}};
  const auto header = der.size() - key_bytes.at(GetParam());
  for (std::size_t i = 0; i < header; ++i) {
    auto damaged = der;
    damaged[i] ^= 0x01;
    EXPECT_EQ(PublicKey::from_der(damaged).error().code, "invalid-key") << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Keys,
                         testing::Values(KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256,
                                         KeyAlgorithm::ecdsa_p384),
                         [](const auto& instance) {
                           std::string name(to_string(instance.param));
                           std::erase(name, '-');
                           return name;
                         });

// A PIV token takes as many digest bytes as its curve has (docs/protocol-piv.md): zeros in front do
// not change what is signed.
TEST(PublicKeyTest, AP384DigestMayBeFilledUpInFront) {
  const auto key = PrivateKey::generate(KeyAlgorithm::ecdsa_p384).value();
  const auto digest = sha256(as_bytes("challenge"));
  Bytes filled(48 - digest.size());
  filled.insert(filled.end(), digest.begin(), digest.end());
  EXPECT_TRUE(key.public_key().verify_digest(digest, key.sign_digest(filled).value()));
}

// RFC 8032 section 7.1, TEST 2.
TEST(PublicKeyTest, VerifiesTheStandardsOwnEd25519Vector) {
  const auto spki = from_hex(
      "302a300506032b6570032100"
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const auto signature = from_hex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  const Bytes message{0x72};
  EXPECT_TRUE(PublicKey::from_der(*spki)->verify(message, *signature));
}

TEST(PublicKeyTest, RefusesAPointThatIsNotOnTheCurve) {
  auto der = PrivateKey::generate(KeyAlgorithm::ecdsa_p256)->public_key().der();
  der.back() ^= 0x01;
  EXPECT_EQ(PublicKey::from_der(der).error().code, "invalid-key");
}

TEST(PublicKeyTest, RefusesForeignPem) {
  for (const auto* pem : {"", "-----BEGIN PUBLIC KEY-----\n", "nonsense",
                          "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_EQ(PublicKey::from_pem(pem).error().code, "invalid-key") << pem;
    EXPECT_EQ(PrivateKey::from_pem(pem).error().code, "invalid-key") << pem;
  }
}

TEST(KeyAlgorithmTest, NamesRoundTrip) {
  for (const auto algorithm :
       {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256, KeyAlgorithm::ecdsa_p384})
    EXPECT_EQ(parse_key_algorithm(to_string(algorithm)), algorithm);
  EXPECT_EQ(parse_key_algorithm("rsa"), std::nullopt);
}

}  // namespace
}  // namespace latchkey
