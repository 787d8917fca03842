#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/openssl.h"
#include "tests/support/piv_host.h"

// The management key 9B: SP 800-73-4 part 2, A.1, and Yubico's SET MANAGEMENT KEY.
namespace latchkey::emulator::piv {
namespace {

using test::PivHost;
using testing::StartsWith;

TEST(PivManagement, IsProvenWithEveryCipher) {
  for (const std::uint8_t cipher : {0x03, 0x08, 0x0A, 0x0C}) {
    PivHost host;
    ASSERT_EQ(host.authenticate(), "9000");
    const std::size_t size = cipher == 0x08 ? 16 : cipher == 0x0C ? 32 : 24;
    const auto key = PivHost::hex(cipher) + "9b" + PivHost::hex(size) + std::string(2 * size, '5');
    ASSERT_EQ(host.send("00ffffff" + PivHost::hex(key.size() / 2) + key), "9000");
    EXPECT_EQ(host.authenticate(), "9000") << int{cipher};
    EXPECT_THAT(host.send("00f7009b00"),
                StartsWith("0101" + PivHost::hex(cipher) + "02020001050100"))
        << "no longer the factory's";
  }
}

/// What a host does with a witness.
std::string decrypt_des3(const ManagementKey& key, const std::string& block) {
  const openssl::Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  EVP_DecryptInit_ex(context.get(), EVP_des_ede3_ecb(), nullptr, key.secret.data(), nullptr);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  const auto in = *from_hex(block);
  Bytes out(in.size() + 8);
  int size = 0;
  EVP_DecryptUpdate(context.get(), out.data(), &size, in.data(), static_cast<int>(in.size()));
  return to_hex(ByteView(out).first(in.size()));
}

// SP 800-73-4 part 2, A.1: each proves the key to the other.
TEST(PivManagement, IsProvenInBothDirections) {
  PivHost host;
  host.select();
  const auto& key = host.card.state().management;
  const auto witness = host.send("0087039b047c02800000");
  ASSERT_THAT(witness, StartsWith("7c0a8008"));
  const auto plain = decrypt_des3(key, witness.substr(8, 16));
  const std::string challenge = "0011223344556677";
  EXPECT_EQ(host.send("0087039b187c168008" + plain + "8108" + challenge + "8200"),
            "7c0a8208" + to_hex(key.encrypt(*from_hex(challenge))) + "9000");
  EXPECT_EQ(host.send("00db3fff085c035fc1055301aa"), "9000");
}

// FIPS 197 C.2 and NIST SP 800-67's sample: what a third party would compute.
TEST(PivManagement, EncryptsAsTheStandardsSay) {
  const auto aes =
      ManagementKey::create(0x0A, *from_hex("000102030405060708090a0b0c0d0e0f1011121314151617"));
  EXPECT_EQ(to_hex(aes->encrypt(*from_hex("00112233445566778899aabbccddeeff"))),
            "dda97ca4864cdfe06eaf70a0ec0d7191");
  const auto des =
      ManagementKey::create(0x03, *from_hex("0123456789abcdef23456789abcdef01456789abcdef0123"));
  EXPECT_EQ(to_hex(des->encrypt(*from_hex("5468652071756663"))), "a826fd8ce53b855f");
  EXPECT_FALSE(ManagementKey::create(0x08, Bytes(24)));
  EXPECT_FALSE(ManagementKey::create(0x07, Bytes(24)));
}

TEST(PivManagement, AnswersOnceAndOnlyTheRunningChallenge) {
  PivHost host;
  host.select();
  EXPECT_EQ(host.send("0087039b0c7c0a8208"
                      "0000000000000000"),
            "6982")
      << "none was asked";
  const auto challenge = host.send("0087039b047c02810000");
  EXPECT_THAT(challenge, StartsWith("7c0a8108"));
  EXPECT_EQ(host.send("0087039b0c7c0a8208"
                      "0000000000000000"),
            "6982");
  const auto right =
      to_hex(host.card.state().management.encrypt(*from_hex(challenge.substr(8, 16))));
  EXPECT_EQ(host.send("0087039b0c7c0a8208" + right), "6982") << "too late";
  EXPECT_EQ(host.send("00870a9b047c02810000"), "6a86") << "it is a 3DES key";
  EXPECT_EQ(host.send("0087039b027c0000"), "6a80");
  EXPECT_EQ(host.send("0087039b047c02800000").substr(0, 8), "7c0a8008");
  EXPECT_EQ(host.send("0087039b167c148008"
                      "0000000000000000"
                      "8108"
                      "0000000000000000"),
            "6982");
  EXPECT_EQ(host.send("00db3fff085c035fc1055301aa"), "6982");
}

TEST(PivManagement, RefusesKeysThatAreNone) {
  PivHost host;
  ASSERT_EQ(host.authenticate(), "9000");
  const std::string key(48, '5');
  for (const auto& [command, answer] :
       std::vector<std::pair<std::string, std::string>>{{"00ffffff1b039b17" + key, "6a80"},
                                                        {"00ffffff1b079b18" + key, "6a80"},
                                                        {"00ffffff1b039a18" + key, "6a80"},
                                                        {"00ffffff02039b", "6a80"},
                                                        {"00fffffe1b039b18" + key, "6a86"}})
    EXPECT_EQ(host.send(command), answer) << command;
}

}  // namespace
}  // namespace latchkey::emulator::piv
