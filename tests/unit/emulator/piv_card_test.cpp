#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/piv_host.h"
#include "tools/latchkey-emulator/piv/card.h"

namespace latchkey::emulator::piv {
namespace {

using test::PivHost;
using testing::EndsWith;
using testing::StartsWith;

constexpr auto kTemplate = "61114f0600001000010079074f05a000000308";

// SP 800-73-4 part 2, 3.1.1: by the whole AID or cut short at the right.
TEST(PivCard, IsSelectedByItsAid) {
  const struct {
    const char* what;
    const char* command;
    std::string answer;
  } cases[] = {
      {"whole", "00a404000ba000000308000010000100", kTemplate + std::string("9000")},
      {"whole, with Le", "00a404000ba00000030800001000010000", kTemplate + std::string("9000")},
      {"without version", "00a4040009a00000030800001000", kTemplate + std::string("9000")},
      {"provider only", "00a4040005a000000308", kTemplate + std::string("9000")},
      {"extended", "00a40400000005a0000003080000", kTemplate + std::string("9000")},
      {"less than the provider", "00a4040004a0000003", "6a82"},
      {"another application", "00a4040007a0000005272001", "6a82"},
      {"longer than it is", "00a404000ca00000030800001000010000", "6a82"},
      {"by file", "00a40000023f00", "6a86"},
  };
  for (const auto& [what, command, answer] : cases)
    EXPECT_EQ(PivHost().send(command), answer) << what;
}

TEST(PivCard, NothingIsSelectedAfterPower) {
  PivHost host;
  EXPECT_EQ(host.send("00fd000000"), "6d00");
  host.select();
  EXPECT_EQ(host.send("00fd000000"), "0504039000");
  EXPECT_EQ(host.send("00a4040005a000000527"), "6a82");
  EXPECT_EQ(host.send("00fd000000"), "0504039000")
      << "ISO 7816-4 11.1.1: a SELECT that fails changes nothing";
  host.card.reset();
  EXPECT_EQ(host.send("00fd000000"), "6d00");
}

// SPEC SEC-3: nothing that a host sends is believed.
TEST(PivCard, RefusesWhatItDoesNotKnow) {
  PivHost host;
  host.select();
  const struct {
    const char* what;
    const char* command;
    const char* answer;
  } cases[] = {
      {"empty", "", "6700"},
      {"no header", "00cb3f", "6700"},
      {"data shorter than Lc", "00cb3fff055c035f", "6700"},
      {"data longer than Lc and Le", "00cb3fff035c017e0000", "6700"},
      {"extended data shorter than Lc", "00cb3fff0000055c03", "6700"},
      {"extended Lc 0 with data", "00cb3fff0000000000", "6700"},
      {"class of secure messaging", "04cb3fff035c017e00", "6e00"},
      {"class of another", "80cb3fff035c017e00", "6e00"},
      {"instruction", "0001000000", "6d00"},
      {"attestation", "00f99e0000", "6d00"},
      {"GET DATA, another P1 P2", "00cb0000035c017e00", "6a86"},
      {"GET DATA without a tag", "00cb3fff025c0000", "6a80"},
      {"GET DATA with a tag that ends early", "00cb3fff035c055f00", "6a80"},
      {"GET DATA with a tag of four bytes", "00cb3fff065c045fc1010100", "6a80"},
      {"GET DATA of nothing", "00cb3fff055c035fc10500", "6a82"},
      {"GET RESPONSE without more", "00c0000000", "6985"},
      {"GENERAL AUTHENTICATE without a key", "0087119e047c02820000", "6a88"},
      {"GENERAL AUTHENTICATE, no such slot", "00871199047c02820000", "6a86"},
      {"GENERAL AUTHENTICATE, no template", "0087119e0481028200", "6a80"},
      {"GENERATE without the management key", "0047009e05ac0380011100", "6982"},
      {"PUT DATA without the management key", "00db3fff075c035fc1055300", "6982"},
      {"import without the management key", "00fe119e020600", "6982"},
      {"SET MANAGEMENT KEY without it", "00ffffff03039b00", "6982"},
      {"SET RETRIES without it", "00fa0303", "6982"},
      {"RESET while nothing is blocked", "00fb0000", "6985"},
      {"METADATA of an empty slot", "00f7009e00", "6a88"},
  };
  for (const auto& [what, command, answer] : cases) EXPECT_EQ(host.send(command), answer) << what;
}

TEST(PivCard, SaysWhatItIs) {
  PivHost host;
  host.select();
  const auto serial = host.card.state().serial;
  EXPECT_EQ(host.send("00f8000000"), PivHost::hex(serial >> 24) + PivHost::hex(serial >> 16) +
                                         PivHost::hex(serial >> 8) + PivHost::hex(serial) + "9000");
  EXPECT_EQ(host.send("00cb3fff035c017e00"), "7e124f0ba0000003080000100001005f2f0240009000")
      << "the discovery object";
  EXPECT_EQ(host.send("00f7009b00"), "010103020200010501019000") << "3DES, factory";
  EXPECT_EQ(host.send("00f7008000"),
            "0101ff0501010602"
            "03039000");
  PivHost aes({.aes = true});
  aes.select();
  EXPECT_EQ(aes.send("00f7009b00"), "01010a020200010501019000") << "AES-192, factory";
  EXPECT_EQ(aes.send("00fd000000"), "0507019000");
}

// ISO 7816-4 5.1: what does not fit the answer waits for GET RESPONSE.
TEST(PivCard, LongAnswersComeInParts) {
  PivHost host;
  ASSERT_EQ(host.authenticate(), "9000");
  const std::string content = "53820208" + std::string(2 * 520, 'a');
  const auto field = PivHost::put_field("05", content);
  ASSERT_EQ(host.send("00db3fff000211" + field), "9000");
  auto whole = host.send("00cb3fff055c035fc10500");
  EXPECT_THAT(whole, EndsWith("6100"));
  whole.resize(512);
  auto second = host.send("00c0000000");
  EXPECT_THAT(second, EndsWith("610c")) << "12 bytes are left";
  second.resize(512);
  EXPECT_EQ(whole + second + host.send("00c000000c"), content + "9000");
  EXPECT_EQ(host.send("00cb3fff0000055c035fc1050000"), content + "9000") << "extended: at once";
  EXPECT_EQ(host.send("00cb3fff055c035fc10510"), content.substr(0, 32) + "6100") << "Le 16";
  host.send("00fd000000");
  EXPECT_EQ(host.send("00c0000000"), "6985") << "another command ends it";
}

TEST(PivCard, ShortTokenRefusesExtendedCommands) {
  PivHost host({.short_apdu = true});
  host.select();
  EXPECT_EQ(host.send("00cb3fff0000035c017e0000"), "6700");
  EXPECT_THAT(host.send("00cb3fff035c017e00"), EndsWith("9000"));
}

// ISO 7816-4 5.1.1: CLA bit 5 chains commands.
TEST(PivCard, PutsChainsTogether) {
  PivHost host;
  host.select();
  EXPECT_EQ(host.send("10cb3fff015c"), "9000");
  EXPECT_EQ(host.send("10cb3fff0101"), "9000");
  EXPECT_THAT(host.send("00cb3fff017e00"), StartsWith("7e124f0b"));
  EXPECT_EQ(host.send("10cb3fff015c"), "9000");
  EXPECT_EQ(host.send("00fd000000"), "0504039000") << "another command ends the chain";
  EXPECT_EQ(host.send("00cb3fff02017e00"), "6a80");
  EXPECT_EQ(host.send("10cb3fff015c"), "9000");
  host.select();
  EXPECT_EQ(host.send("00cb3fff02017e00"), "6a80") << "SELECT ends the chain";
}

TEST(PivCard, ChainsAndCommandsAreBounded) {
  PivHost host;
  host.select();
  const std::string part = "10cb3fffff" + std::string(510, '0');
  for (std::size_t size = 255; size <= PivCard::kMaxChain; size += 255)
    ASSERT_EQ(host.send(part), "9000");
  EXPECT_EQ(host.send(part), "6700");
  Bytes longest(PivCard::kMaxCommand + 1);
  longest[1] = 0xDB;
  EXPECT_EQ(to_hex(host.card.transmit(longest)), "6700");
}

}  // namespace
}  // namespace latchkey::emulator::piv
