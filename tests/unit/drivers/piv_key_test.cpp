#include "drivers/piv/piv_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/base/keys.h"
#include "core/usbkey/key_id.h"
#include "tests/support/piv_token.h"
#include "tests/unit/drivers/hid_key_fixture.h"

namespace latchkey::test {
namespace {

using Kind = KeyError::Kind;
using piv::PivKey;

/// A license that deflate makes no smaller.
Bytes dense(std::size_t size, unsigned seed = 1) {
  std::mt19937 generator(seed);
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(generator());
  return out;
}

struct WireCase {
  const char* name;
  TokenAlgorithm algorithm;
  bool short_apdu;
  std::size_t max_command;
};

/// Every algorithm, and every way that APDUs are cut: `Refused` is a reader that takes extended
/// ones before a card that does not.
class PivKeyTest : public ::testing::TestWithParam<WireCase> {
 protected:
  PivKeyTest() : token_({.short_apdu = GetParam().short_apdu, .composite = false, .aes = true}) {
    token_.make_key(GetParam().algorithm);
  }
  std::unique_ptr<PivKey> open() { return token_.open(GetParam().max_command); }
  PivToken token_;
};

INSTANTIATE_TEST_SUITE_P(
    Wires, PivKeyTest,
    ::testing::Values(WireCase{"P256Extended", TokenAlgorithm::p256, false, PivToken::kExtended},
                      WireCase{"P384Extended", TokenAlgorithm::p384, false, PivToken::kExtended},
                      WireCase{"Ed25519Extended", TokenAlgorithm::ed25519, false,
                               PivToken::kExtended},
                      WireCase{"P256Short", TokenAlgorithm::p256, true, PivToken::kShort},
                      WireCase{"P384Short", TokenAlgorithm::p384, true, PivToken::kShort},
                      WireCase{"Ed25519Short", TokenAlgorithm::ed25519, false, PivToken::kShort},
                      WireCase{"P256Refused", TokenAlgorithm::p256, true, PivToken::kExtended}),
    [](const auto& entry) { return entry.param.name; });

// SPEC SEC-4
TEST_P(PivKeyTest, ProvesThatItOwnsItsPrivateKey) {
  const auto key = open();
  const auto spki = key->public_key(soon());
  ASSERT_TRUE(spki) << spki.error().detail;
  EXPECT_EQ(*spki, token_.spki());
  const auto challenge = pattern(32);
  const auto signature = key->prove(challenge, soon());
  ASSERT_TRUE(signature) << signature.error().detail;
  const auto verifier = PublicKey::from_der(*spki).value();
  EXPECT_TRUE(verifier.verify_digest(challenge, *signature));
  EXPECT_FALSE(verifier.verify_digest(pattern(32, 2), *signature));
  EXPECT_TRUE(open()->prove(challenge, soon())) << "without public_key() before";
}

TEST_P(PivKeyTest, KeepsLicensesOfEverySizeUpToItsSlot) {
  for (const std::size_t size : {1U, 200U, 240U, 256U, 1100U, 1300U, 1400U, 2900U, 2969U}) {
    const auto content = dense(size);
    const auto written = open()->write_license(content, soon());
    ASSERT_TRUE(written) << size << ": " << written.error().detail;
    token_.power_cycle();
    EXPECT_EQ(open()->read_license(soon()).value(), content) << size;
  }
}

// SPEC LIC-8
TEST_P(PivKeyTest, WritesTheOtherSlotEachTime) {
  const auto key = open();
  ASSERT_TRUE(key->write_license(dense(900, 1), soon()));
  for (unsigned i = 2; i <= 5; ++i) {
    const auto before = token_.flash.objects;
    ASSERT_TRUE(key->write_license(dense(900, i), soon()));
    const std::uint32_t written = i % 2 == 0 ? 0x5FC10E : 0x5FC10D;
    const std::uint32_t kept = i % 2 == 0 ? 0x5FC10D : 0x5FC10E;
    EXPECT_NE(token_.flash.objects[written],
              before.contains(written) ? before.at(written) : Bytes{});
    EXPECT_EQ(token_.flash.objects[kept], before.at(kept));
    EXPECT_EQ(key->read_license(soon()).value(), dense(900, i));
  }
}

// Other programs share the card: an authenticated management key must not wait for them, and their
// own sessions must not suffer from a reading.
TEST_P(PivKeyTest, LocksTheCardAgainAfterAWriteOnly) {
  auto reader = token_.reader(GetParam().max_command);
  const auto& wire = *reader;
  PivKey key(std::move(reader), PivToken::factory_keys());
  ASSERT_TRUE(key.public_key(soon()));
  ASSERT_TRUE(key.prove(pattern(32), soon()));
  EXPECT_FALSE(key.read_license(soon()));
  ASSERT_TRUE(key.check_present(soon()));
  EXPECT_EQ(wire.resets, 0);
  ASSERT_TRUE(key.write_license(dense(300), soon()));
  EXPECT_EQ(wire.resets, 1);
  ASSERT_TRUE(key.write_stamp(dense(100), soon()));
  EXPECT_EQ(wire.resets, 2);
}

// SPEC BUF-10
TEST_P(PivKeyTest, KeepsAStamp) {
  EXPECT_EQ(open()->read_stamp(soon()).value(), Bytes{});
  for (const unsigned seed : {1U, 2U}) {
    ASSERT_TRUE(open()->write_stamp(dense(1024, seed), soon()));
    token_.power_cycle();
    EXPECT_EQ(open()->read_stamp(soon()).value(), dense(1024, seed));
  }
}

TEST(PivKey, AFreshKeyIsUnprovisioned) {
  PivToken token;
  token.make_key();
  EXPECT_EQ(token.open()->read_license(soon()).error().kind, Kind::unprovisioned);
}

// docs/decisions/0007: what is no license key is not counted.
TEST(PivKey, WhatIsNoLicenseKey) {
  PivToken token;
  EXPECT_EQ(token.open()->public_key(soon()).error().kind, Kind::not_a_key) << "factory-new";
  token.flash.objects[0x5FC101] = {0x53, 0x00};
  token.power_cycle();
  EXPECT_EQ(token.open()->public_key(soon()).error().kind, Kind::not_a_key) << "erased";
  token.make_key(TokenAlgorithm::rsa2048);
  EXPECT_EQ(token.open()->public_key(soon()).error().kind, Kind::not_a_key) << "RSA";
}

TEST(PivKey, ACardWithoutThePivApplicationIsNoLicenseKey) {
  PivToken token;
  token.make_key();
  auto reader = token.reader();
  reader->spoil = [](const Bytes&) { return Bytes{0x6A, 0x82}; };
  PivKey key(std::move(reader), PivToken::factory_keys());
  EXPECT_EQ(key.public_key(soon()).error().kind, Kind::not_a_key);
}

// A certificate that was copied to another token, or a key that wants its PIN, proves nothing.
TEST(PivKey, ATokenThatCannotSignSaysSo) {
  PivToken token;
  token.make_key();
  auto original = token.flash;
  token.flash.keys.clear();
  token.power_cycle();
  EXPECT_EQ(token.open()->prove(pattern(32), soon()).error().kind, Kind::refused);
  original.keys.at(0x9E).pin_policy = 3;
  PivToken locked(original);
  const auto outcome = locked.open()->prove(pattern(32), soon());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::refused);
  EXPECT_NE(outcome.error().detail.find("policy never"), std::string::npos);
}

TEST(PivKey, RefusesWhatDoesNotFitBeforeTheTokenIsTouched) {
  PivToken token;
  token.make_key();
  for (const std::size_t size : {0U, 3000U, 60000U}) {
    auto reader = token.reader();
    const auto& wire = *reader;
    PivKey key(std::move(reader), PivToken::factory_keys());
    EXPECT_EQ(key.write_license(dense(size), soon()).error().kind, Kind::refused) << size;
    EXPECT_EQ(wire.begun, 0) << size;
  }
  EXPECT_EQ(token.open()->write_stamp(dense(2995), soon()).error().kind, Kind::refused);
}

TEST(PivKey, WritingTheSameLicenseAgainWearsNothing) {
  PivToken token;
  token.make_key();
  ASSERT_TRUE(token.open()->write_license(dense(100), soon()));
  const auto before = token.flash.objects;
  ASSERT_TRUE(token.open()->write_license(dense(100), soon()));
  EXPECT_EQ(token.flash.objects, before);
}

TEST(PivKey, WithoutItsManagementKeyNothingIsWritten) {
  PivToken token;
  token.make_key();
  const auto nobody = std::make_shared<const piv::ManagementKeys>();
  PivKey unconfigured(token.reader(), nobody);
  const auto outcome = unconfigured.write_license(dense(100), soon());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::refused);
  EXPECT_NE(outcome.error().detail.find(key_id(token.spki())), std::string::npos);
  const auto wrong = std::make_shared<const piv::ManagementKeys>(
      piv::ManagementKeys::parse(key_id(token.spki()) + " 3des " + to_hex(dense(24))).value());
  PivKey misconfigured(token.reader(), wrong);
  EXPECT_EQ(misconfigured.write_license(dense(100), soon()).error().kind, Kind::refused);
  EXPECT_FALSE(token.flash.objects.contains(0x5FC10D));
}

// The token says which algorithm its management key has.
TEST(PivKey, OpensEveryKindOfManagementKey) {
  using piv::ManagementAlgorithm;
  for (const auto algorithm : {ManagementAlgorithm::des3, ManagementAlgorithm::aes128,
                               ManagementAlgorithm::aes192, ManagementAlgorithm::aes256}) {
    PivToken token;
    token.make_key();
    const auto secret = dense(piv::key_size(algorithm));
    token.flash.management =
        *emulator::piv::ManagementKey::create(static_cast<std::uint8_t>(algorithm), secret);
    token.power_cycle();
    const auto line = piv::ManagementKeys::line(key_id(token.spki()), {algorithm, secret});
    PivKey key(token.reader(), std::make_shared<const piv::ManagementKeys>(
                                   piv::ManagementKeys::parse(line).value()));
    const auto written = key.write_license(dense(100), soon());
    EXPECT_TRUE(written) << to_string(algorithm) << ": " << written.error().detail;
  }
}

// To PIV these objects are the certificates of retired keys.
TEST(PivKey, NeverOverwritesWhatIsNotOurs) {
  PivToken token;
  token.make_key();
  const auto foreign = certificate_object(dense(300));
  for (const std::uint32_t object : {0x5FC10DU, 0x5FC10EU, 0x5FC10FU})
    token.flash.objects[object] = foreign;
  token.power_cycle();
  EXPECT_EQ(token.open()->read_license(soon()).error().kind, Kind::unprovisioned);
  EXPECT_EQ(token.open()->read_stamp(soon()).value(), Bytes{});
  EXPECT_EQ(token.open()->write_license(dense(100), soon()).error().kind, Kind::refused);
  EXPECT_EQ(token.open()->write_stamp(dense(100), soon()).error().kind, Kind::refused);
  EXPECT_EQ(token.flash.objects[0x5FC10D], foreign);
  EXPECT_EQ(token.flash.objects[0x5FC10F], foreign);
}

// SPEC KEY-9: a reader stays when its card leaves.
TEST(PivKey, NoticesACardThatLeftOrWasExchanged) {
  PivToken token, other, empty;
  token.make_key();
  other.make_key();
  auto reader = token.reader();
  auto& wire = *reader;
  PivKey key(std::move(reader), PivToken::factory_keys());
  ASSERT_TRUE(key.public_key(soon()));
  EXPECT_TRUE(key.check_present(soon()));
  for (auto* next : {&other, &empty}) {
    wire.put_in(token.card());
    ASSERT_TRUE(key.public_key(soon()));
    wire.put_in(next->card());
    EXPECT_EQ(key.check_present(soon()).error().kind, Kind::gone);
  }
}

TEST(PivKey, GivesTheCardBackAfterEachCall) {
  PivToken token;
  token.make_key();
  auto reader = token.reader();
  auto& wire = *reader;
  PivKey key(std::move(reader), PivToken::factory_keys());
  ASSERT_TRUE(key.public_key(soon()));
  ASSERT_TRUE(key.write_license(dense(300), soon()));
  ASSERT_FALSE(key.prove(pattern(31), soon()));
  wire.spoil = [](const Bytes&) { return Bytes{1}; };
  ASSERT_FALSE(key.read_license(soon()));
  EXPECT_GT(wire.begun, 2);
  EXPECT_EQ(wire.begun, wire.ended);
}

// What a reading costs: SELECT and one command a call, the license two.
TEST(PivKey, AReadingTakesNineCommands) {
  PivToken token;
  token.make_key();
  ASSERT_TRUE(token.open()->write_license(dense(1000), soon()));
  auto reader = token.reader();
  auto& wire = *reader;
  PivKey key(std::move(reader), PivToken::factory_keys());
  ASSERT_TRUE(key.public_key(soon()));
  ASSERT_TRUE(key.prove(pattern(32), soon()));
  ASSERT_TRUE(key.read_license(soon()));
  ASSERT_TRUE(key.read_stamp(soon()));
  EXPECT_EQ(wire.commands.size(), 9U);
  EXPECT_EQ(wire.begun, 4);
}

TEST(PivKey, ALicenseThatFitsOneCommandIsWrittenInOne) {
  PivToken token;
  token.make_key();
  auto reader = token.reader();
  auto& wire = *reader;
  PivKey key(std::move(reader), PivToken::factory_keys());
  ASSERT_TRUE(key.write_license(dense(1290), soon()));
  const auto puts =
      std::ranges::count_if(wire.commands, [](const auto& c) { return c[1] == 0xDB; });
  EXPECT_EQ(puts, 1);
}

}  // namespace
}  // namespace latchkey::test
