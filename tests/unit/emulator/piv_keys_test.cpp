#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/keys.h"
#include "tests/support/piv_host.h"

// Keys, PIN and PUK: SP 800-73-4 part 2, and Yubico's own commands.
namespace latchkey::emulator::piv {
namespace {

using test::PivHost;
using testing::EndsWith;
using testing::StartsWith;

constexpr auto kPin = "0020008008313233343536ffff";
constexpr auto kWrongPin = "0020008008303030303030ffff";
const std::string kDigest(64, 'd');
const std::string kSign = "0087119e267c2482008120" + kDigest + "00";

std::string sign_in(const char* slot) { return "008711" + std::string(slot) + kSign.substr(8); }

class PivKeys : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(host.authenticate(), "9000"); }
  PivHost host;
};

TEST_F(PivKeys, AKeyThatWasMadeSigns) {
  const auto made = host.send("0047009e0bac09800111aa0101ab010100");
  ASSERT_THAT(made, StartsWith("7f49438641"
                               "04"));
  const auto& slot = host.card.state().keys.at(0x9E);
  const auto key = PublicKey::from_der(slot.key.spki());
  ASSERT_TRUE(key);
  EXPECT_EQ(made.substr(10, 130), to_hex(ByteView(key->der()).last(65)));
  host.select();
  const auto answer = *from_hex(host.send(kSign));
  ASSERT_GT(answer.size(), 6U);
  const auto signature = ByteView(answer).subspan(4, answer.size() - 6);
  EXPECT_TRUE(key->verify_digest(*from_hex(kDigest), signature));
  host.card.application().spoil_signatures(true);
  const auto spoiled = *from_hex(host.send(kSign));
  EXPECT_FALSE(
      key->verify_digest(*from_hex(kDigest), ByteView(spoiled).subspan(4, spoiled.size() - 6)));
}

TEST_F(PivKeys, EveryAlgorithmMakesItsKind) {
  const struct {
    const char* algorithm;
    const char* head;
    std::size_t input;
  } cases[] = {
      {"07", "7f4982010981820100", 256}, {"11", "7f4943864104", 32}, {"14", "7f4963866104", 48}};
  for (const auto& [algorithm, head, input] : cases) {
    EXPECT_THAT(host.send("0047009e000005ac038001" + std::string(algorithm) + "0000"),
                StartsWith(head))
        << algorithm;
    auto fields = tlv(0x82, {});
    put_tlv(fields, 0x81, Bytes(input, 1));
    const auto data = tlv(0x7C, fields);
    const auto lc = PivHost::hex(data.size() >> 8) + PivHost::hex(data.size());
    EXPECT_THAT(host.send("0087" + std::string(algorithm) + "9e00" + lc + to_hex(data) + "0000"),
                EndsWith("9000"))
        << algorithm;
    EXPECT_THAT(host.send("00f7009e000000"),
                StartsWith("0101" + std::string(algorithm) + "02020101030101"));
  }
}

TEST_F(PivKeys, AnImportedKeyIsThatKey) {
  const std::string secret = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
  ASSERT_EQ(host.send("00fe119e22"
                      "0620" +
                      secret),
            "9000");
  // RFC 6979 A.2.5
  EXPECT_EQ(to_hex(ByteView(host.card.state().keys.at(0x9E).key.spki()).last(64)),
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  EXPECT_THAT(host.send("00f7009e00"), StartsWith("01011102020101030102"));
  EXPECT_EQ(host.send("00fe119e030601aa"), "6a80");
  EXPECT_EQ(host.send("00fe079e030101aa"), "6a81") << "RSA is not imported";
}

TEST_F(PivKeys, RefusesWhatNoSlotHolds) {
  ASSERT_THAT(host.send("0047009e05ac038001110000"), EndsWith("6700"));
  ASSERT_THAT(host.send("0047009e05ac0380011100"), EndsWith("9000"));
  const struct {
    const char* what;
    std::string command;
    const char* answer;
  } cases[] = {
      {"another algorithm than the key's", "0087149e267c2482008120" + kDigest + "00", "6a86"},
      {"a digest longer than the order", "0087119e277c2582008121aa" + kDigest + "00", "6a80"},
      {"no digest", "0087119e047c02820000", "6a80"},
      {"an empty digest", "0087119e067c048200810000", "6a80"},
      {"no response asked for", "0087119e247c228120" + kDigest + "00", "6a80"},
      {"generate in the management key's place", "0047009b05ac0380011100", "6a86"},
      {"generate an unknown algorithm", "0047009e05ac0380011200", "6a80"},
      {"generate Ed25519 before firmware 5.7", "0047009e05ac038001e000", "6a80"},
      {"a PIN policy that is none", "0047009e08ac06800111aa010400", "6a80"},
  };
  for (const auto& [what, command, answer] : cases) EXPECT_EQ(host.send(command), answer) << what;
}

// NIST SP 800-73-4 part 1, table 4b: 9E never asks for the PIN, 9A once, 9C always.
TEST_F(PivKeys, PinPolicies) {
  for (const char* slot : {"9a", "9c", "9e"})
    ASSERT_THAT(host.send("004700" + std::string(slot) + "05ac0380011100"), EndsWith("9000"));
  EXPECT_THAT(host.send(sign_in("9e")), EndsWith("9000"));
  EXPECT_EQ(host.send(sign_in("9a")), "6982");
  EXPECT_EQ(host.send(sign_in("9c")), "6982");
  ASSERT_EQ(host.send(kPin), "9000");
  EXPECT_THAT(host.send(sign_in("9c")), EndsWith("9000"));
  EXPECT_EQ(host.send(sign_in("9c")), "6982") << "once for each signature";
  EXPECT_THAT(host.send(sign_in("9a")), EndsWith("9000"));
  EXPECT_THAT(host.send(sign_in("9a")), EndsWith("9000"));
  EXPECT_EQ(host.send("0020ff80"), "9000");
  EXPECT_EQ(host.send(sign_in("9a")), "6982") << "taken back";
  ASSERT_THAT(host.send("0047009e0bac09800111aa0101ab010200"), EndsWith("9000"));
  EXPECT_EQ(host.send(kSign), "6982") << "nobody touches it";
}

TEST(PivPins, TriesAreCountedAndOutlivePower) {
  PivHost host;
  host.select();
  EXPECT_EQ(host.send("00200080"), "63c3");
  EXPECT_EQ(host.send(kWrongPin), "63c2");
  EXPECT_EQ(host.durable.pin.left, 2);
  EXPECT_EQ(host.send(kPin), "9000");
  EXPECT_EQ(host.send("00200080"), "9000") << "verified";
  EXPECT_EQ(host.durable.pin.left, 3);
  for (const char* answer : {"63c2", "63c1", "6983"}) EXPECT_EQ(host.send(kWrongPin), answer);
  EXPECT_EQ(host.send(kPin), "6983") << "blocked";
  EXPECT_EQ(host.send("00200080"), "6983");
  EXPECT_EQ(host.send("002c008010"
                      "3132333435363738"
                      "363534333231ffff"),
            "9000")
      << "by the PUK";
  EXPECT_EQ(host.send("0020008008363534333231ffff"), "9000");
  EXPECT_EQ(host.send("0020008108363534333231ffff"), "6a88");
  EXPECT_EQ(host.send("0020008007363534333231ff"), "6a80");
}

TEST(PivPins, AreChanged) {
  PivHost host;
  host.select();
  const std::string puk = "3132333435363738", pin = "313233343536ffff", next = "363534333231ffff";
  EXPECT_EQ(host.send("0024008010" + next + pin), "63c2");
  EXPECT_EQ(host.send("0024008010" + pin + "3635343332ffffff"), "6a80") << "five digits";
  EXPECT_EQ(host.send("0024008010" + pin + "363534ff3231ffff"), "6a80") << "padding inside";
  EXPECT_EQ(host.send("0024008010" + pin + next), "9000");
  EXPECT_EQ(host.send("0024008110" + puk + "3837363534333231"), "9000");
  EXPECT_EQ(host.send("002c008010" + puk + pin), "63c2");
  EXPECT_EQ(host.send("0024008210" + pin + next), "6a88");
  ASSERT_EQ(host.authenticate(), "9000");
  EXPECT_EQ(host.send("00fa0507"), "6982") << "the PIN is needed too";
  ASSERT_EQ(host.send("0020008008" + next), "9000");
  EXPECT_EQ(host.send("00fa0007"), "6a86");
  EXPECT_EQ(host.send("00fa0507"), "9000");
  EXPECT_EQ(host.send("00f7008000"),
            "0101ff05010106020505"
            "9000")
      << "the factory's, five tries";
  EXPECT_EQ(host.send("00f7008100"),
            "0101ff05010106020707"
            "9000");
}

TEST(PivPins, ResetNeedsBothBlocked) {
  PivHost host;
  ASSERT_EQ(host.authenticate(), "9000");
  ASSERT_THAT(host.send("0047009e05ac0380011100"), EndsWith("9000"));
  ASSERT_EQ(host.send("00db3fff085c035fc1055301aa"), "9000");
  for (int i = 0; i < 3; ++i) host.send(kWrongPin);
  EXPECT_EQ(host.send("00fb0000"), "6985");
  for (int i = 0; i < 3; ++i) host.send("002c008010" + std::string(32, '0'));
  const auto serial = host.card.state().serial;
  EXPECT_EQ(host.send("00fb0000"), "9000");
  EXPECT_TRUE(host.durable.keys.empty());
  EXPECT_TRUE(host.durable.objects.empty());
  EXPECT_EQ(host.durable.serial, serial);
  EXPECT_EQ(host.send(kPin), "9000");
  EXPECT_EQ(host.send("00db3fff085c035fc1055301aa"), "6982") << "nobody is authenticated any more";
}

TEST(PivState, OutlivesItsProcess) {
  PivHost host({.short_apdu = true, .composite = true, .aes = true});
  ASSERT_EQ(host.authenticate(), "9000");
  const std::pair<std::string, std::string> keys[] = {
      {"9a", "07"}, {"9c", "14"}, {"9d", "e0"}, {"9e", "11"}};
  for (const auto& [slot, algorithm] : keys)
    ASSERT_THAT(host.send("004700" + slot + "05ac038001" + algorithm + "00"), StartsWith("7f49"));
  ASSERT_EQ(host.send("00db3fff085c035fc1055301aa"), "9000");
  host.send(kWrongPin);
  const auto text = encode(host.durable);
  ASSERT_TRUE(is_state(text));
  const auto again = parse_state(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(encode(*again), text);
  EXPECT_EQ(again->model, host.card.state().model);
  EXPECT_EQ(again->keys.at(0x9E).key.spki(), host.card.state().keys.at(0x9E).key.spki());
  EXPECT_EQ(again->pin.left, 2);
}

TEST(PivState, RefusesDamagedFiles) {
  const auto text = encode(make_state({}).value());
  EXPECT_FALSE(is_state("{}"));
  EXPECT_FALSE(is_state("[]"));
  EXPECT_FALSE(is_state(""));
  EXPECT_FALSE(is_state(R"({"private_key":"x","slots":[]})"));
  for (std::size_t cut = 0; cut < text.size(); cut += 7)
    EXPECT_FALSE(parse_state(std::string_view(text).substr(0, cut)));
  for (
      const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
          {R"("cipher": 3)", R"("cipher": 4)"},
          {R"("left": 3)", R"("left": 300)"},
          {R"("objects": [])", R"("objects": [{"tag":1,"content":"!"}])"},
          {R"("keys": [])",
           R"("keys": [{"slot":158,"private_key":"AAAA","pin_policy":1,"touch_policy":1,"imported":0}])"}}) {
    auto changed = text;
    const auto at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    EXPECT_FALSE(parse_state(changed)) << to;
  }
}

}  // namespace
}  // namespace latchkey::emulator::piv
