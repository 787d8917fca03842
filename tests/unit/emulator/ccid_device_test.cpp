#include "tools/latchkey-emulator/ccid/ccid_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/emulator/ccid_host.h"
#include "tools/latchkey-emulator/ccid/profile.h"

namespace latchkey::emulator::ccid {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::StartsWith;
using ControlRequest = emulator::Setup;  // a gtest fixture hides that name

const std::string kAtr = "3bfd1300008131fe158073c021c057597562694b657940";
constexpr auto kSelect = "00a4040005a000000308";
constexpr auto kSelected = "61114f0600001000010079074f05a0000003089000";

std::string header(const char* type, const char* status, const char* error, const char* detail,
                   std::size_t length = 0) {
  return type +
         to_hex(Bytes{static_cast<std::uint8_t>(length), static_cast<std::uint8_t>(length >> 8)}) +
         "0000002a" + status + error + detail;
}

// CCID 1.1 sections 6.1 and 6.2, the requests of a host that has not powered the card.
TEST(CcidDevice, AnswersBeforePower) {
  const struct {
    const char* what;
    Bytes request;
    std::string answer;
  } cases[] = {
      {"slot status", CcidHost::message(0x65), header("81", "01", "00", "01")},
      {"power on", CcidHost::message(0x62), header("80", "00", "00", "00", 23) + kAtr},
      {"power on, 3 V", CcidHost::message(0x62, {}, {2, 0, 0}),
       header("80", "00", "00", "00", 23) + kAtr},
      {"power on, no such voltage", CcidHost::message(0x62, {}, {4, 0, 0}),
       header("80", "41", "07", "00")},
      {"power off", CcidHost::message(0x63), header("81", "01", "00", "01")},
      {"exchange", CcidHost::block(kSelect), header("80", "41", "fe", "00")},
      {"parameters", CcidHost::message(0x6C),
       header("82", "01", "00", "01", 7) + "13100015"
                                           "00fe00"},
      {"another slot", CcidHost::message(0x65, {}, {0, 0, 0}, 1),
       "81"
       "00000000"
       "012a"
       "420500"},
      {"escape", CcidHost::message(0x6B, {1, 2}), header("83", "41", "00", "00")},
      {"clock", CcidHost::message(0x6E), header("81", "41", "00", "00")},
      {"PIN pad", CcidHost::message(0x69), header("81", "41", "00", "00")},
      {"no request at all", CcidHost::message(0x00), header("81", "41", "00", "00")},
  };
  for (const auto& [what, request, answer] : cases)
    EXPECT_EQ(CcidHost().send(request), answer) << what;
}

TEST(CcidDevice, AnswersWithPower) {
  CcidHost host;
  host.power_on();
  const Bytes other{0x13, 0x10, 0, 0x45, 0, 0x20, 0};
  EXPECT_EQ(host.send(CcidHost::message(0x65)), header("81", "00", "00", "00"));
  EXPECT_EQ(host.send(CcidHost::message(0x61, other, {1, 0, 0})),
            header("82", "00", "00", "01", 7) + to_hex(other));
  EXPECT_EQ(host.send(CcidHost::message(0x6C)), header("82", "00", "00", "01", 7) + to_hex(other));
  EXPECT_EQ(host.send(CcidHost::message(0x61, Bytes(5), {0, 0, 0})), header("82", "40", "07", "01"))
      << "T=0";
  EXPECT_EQ(host.send(CcidHost::message(0x61, Bytes(6), {1, 0, 0})),
            header("82", "40", "01", "01"));
  EXPECT_EQ(host.send(CcidHost::message(0x6D)),
            header("82", "00", "00", "01", 7) + "1310001500fe00");
  EXPECT_EQ(host.send(CcidHost::block(kSelect)), header("80", "00", "00", "00", 21) + kSelected);
  EXPECT_EQ(host.send(CcidHost::message(0x63)), header("81", "01", "00", "01"));
  host.power_on();
  EXPECT_EQ(host.apdu("00fd000000"), "6d00") << "power takes the selection away";
}

// CCID 6.1.4: a command in parts, a response in parts.
TEST(CcidDevice, ChainsAtExtendedApduLevel) {
  CcidHost host;
  host.power_on();
  const std::string select = kSelect;
  EXPECT_EQ(host.send(CcidHost::block(select.substr(0, 6), 1)), header("80", "00", "00", "10"));
  EXPECT_EQ(host.send(CcidHost::block(select.substr(6, 4), 3)), header("80", "00", "00", "10"));
  EXPECT_THAT(host.send(CcidHost::block(select.substr(10), 2)), EndsWith(kSelected));
  EXPECT_EQ(host.send(CcidHost::block("00", 2)), header("80", "40", "08", "00"))
      << "none has begun";
  EXPECT_EQ(host.send(CcidHost::block("", 0x10)), header("80", "40", "08", "00")) << "none waits";
  EXPECT_EQ(host.send(CcidHost::block("00", 4)), header("80", "40", "08", "00"));
  EXPECT_EQ(host.send(CcidHost::block("00a404", 1)), header("80", "00", "00", "10"));
  EXPECT_EQ(host.apdu("00fd000000"), "0504039000") << "a whole command ends what was begun";
  EXPECT_EQ(host.send(CcidHost::block("00", 2)), header("80", "40", "08", "00"));
}

TEST(CcidDevice, LongResponsesComeInParts) {
  auto token = piv::make_state({}).value();
  token.objects[0x5FC10D] = Bytes(2800, 0xAB);
  CcidDevice device(token, [](const auto&) { return true; });
  device.attach();
  const auto exchange = [&](const Bytes& transfer) {
    device.write(1, transfer, {});
    return device.read(1, {}).value_or(Bytes(10));
  };
  exchange(CcidHost::message(0x62));
  exchange(CcidHost::block(kSelect));
  const auto first = exchange(CcidHost::block("00cb3fff0000055c035fc10d0000"));
  const auto second = exchange(CcidHost::block("", 0x10));
  const auto third = exchange(CcidHost::block("", 0x10));
  EXPECT_EQ(first.size(), 1356U) << "dwMaxCCIDMessageLength";
  EXPECT_EQ(first[9], 1) << "begins and goes on";
  EXPECT_EQ(second[9], 3) << "goes on";
  EXPECT_EQ(third[9], 2) << "ends";
  EXPECT_EQ(first.size() + second.size() + third.size() - 30, 2802U);
  EXPECT_THAT(to_hex(third), EndsWith("ab9000"));
}

TEST(CcidDevice, ShortApduLevelHasNoChains) {
  CcidHost host({.short_apdu = true});
  host.power_on();
  EXPECT_EQ(host.send(CcidHost::block(kSelect, 1)), header("80", "40", "08", "00"));
  EXPECT_EQ(host.apdu(kSelect), kSelected);
  EXPECT_EQ(host.send(CcidHost::message(0x6F, Bytes(262))), header("80", "40", "01", "00"));
}

// USB 2.0 5.8.3: packets make up a transfer; the message ends where its length says.
TEST(CcidDevice, MessagesArriveInAnyTransfers) {
  CcidHost host;
  host.power_on();
  Bytes apdu(7 + 300);
  std::ranges::copy(*from_hex("00cb3fff00012c"), apdu.begin());
  const auto message = CcidHost::message(0x6F, apdu);
  for (std::size_t at = 0; at < message.size(); at += 64) {
    EXPECT_EQ(host.read(), "-");
    host.write(
        Bytes(message.begin() + static_cast<std::ptrdiff_t>(at),
              message.begin() + static_cast<std::ptrdiff_t>(std::min(message.size(), at + 64))));
  }
  EXPECT_EQ(host.read(), header("80", "00", "00", "00", 2) + "6d00");
  host.write({});
  EXPECT_EQ(host.read(), "-") << "a zero-length packet after a whole message is nothing";
}

// SPEC SEC-3
TEST(CcidDevice, HostileTransfersAreRefused) {
  const auto claims = [](std::uint32_t length) {
    auto out = CcidHost::block("00");
    for (std::size_t i = 0; i < 4; ++i) out[1 + i] = static_cast<std::uint8_t>(length >> (8 * i));
    return out;
  };
  const struct {
    const char* what;
    Bytes transfer;
    std::string answer;
  } cases[] = {
      {"shorter than a header", Bytes(9), "-"},
      {"nothing", {}, "-"},
      {"shorter than it says", claims(2), header("80", "41", "01", "00")},
      {"4 GiB", claims(0xFFFFFFFF), header("80", "41", "01", "00")},
      {"longer than it says", claims(0), header("80", "41", "fe", "00")},
      {"longer than a message may be", CcidHost::message(0x6F, Bytes(1400)),
       header("80", "41", "01", "00")},
  };
  for (const auto& [what, transfer, answer] : cases)
    EXPECT_EQ(CcidHost().send(transfer), answer) << what;
  CcidHost host;
  for (std::size_t i = 0; i < 3 * CcidDevice::kMostAnswers; ++i)
    host.write(CcidHost::message(0x65));
  std::size_t answers = 0;
  while (host.read() != "-") ++answers;
  EXPECT_EQ(answers, CcidDevice::kMostAnswers) << "a host that never reads loses the oldest";
}

TEST(CcidDevice, EndpointsOfItsOwn) {
  CcidHost host({.composite = true});
  EXPECT_EQ(host.device.read(kNotifyEndpoint, host.now), (Bytes{0x50, 3})) << "there is a card";
  EXPECT_EQ(host.device.read(kNotifyEndpoint, host.now), std::nullopt);
  host.device.write(kFidoEndpoint, Bytes(64, 0xFF), host.now);
  for (const std::uint8_t endpoint : {1, 2, 3, 4, 15}) {
    EXPECT_EQ(host.device.read(endpoint, host.now), std::nullopt) << int{endpoint};
    EXPECT_EQ(host.device.next_due(endpoint), std::nullopt) << int{endpoint};
  }
  const ControlRequest abort({0x21, 1, 0, 0, 1, 0, 0, 0}), abort_hid({0x21, 1, 0, 0, 0, 0, 0, 0});
  const ControlRequest idle({0x21, 10, 0, 0, 0, 0, 0, 0}), rates({0xA1, 3, 0, 0, 1, 0, 4, 0});
  EXPECT_TRUE(host.device.class_request(abort, {}, host.now));
  EXPECT_TRUE(host.device.class_request(idle, {}, host.now));
  EXPECT_FALSE(host.device.class_request(abort_hid, {}, host.now));
  EXPECT_FALSE(host.device.class_request(rates, {}, host.now)) << "it lists none";
}

TEST(CcidDevice, SaysWhatItHolds) {
  auto token = piv::make_state({.short_apdu = true}).value();
  token.objects[0x5FC101] = Bytes(700);
  CcidDevice device(token, [](const auto&) { return true; });
  auto told = device.describe();
  EXPECT_EQ(told["objects"], nlohmann::json({{"5fc101", 700}}));
  EXPECT_EQ(told["has_card_key"], false);
  EXPECT_EQ(told["short_apdu"], true);
  EXPECT_FALSE(told.contains("key"));
  token.keys.emplace(0x9E,
                     piv::KeySlot{piv::TokenKey::generate(piv::TokenAlgorithm::p256).value()});
  CcidDevice other(token, [](const auto&) { return true; });
  told = other.describe();
  EXPECT_EQ(told["has_card_key"], true);
  EXPECT_THAT(told["key"].get<std::string>(), StartsWith("LK-"));
  EXPECT_EQ(told["public_key"], to_base64(token.keys.at(0x9E).key.spki()));
}

// SPEC SEC-4: a thief copies what can be read, and no key.
TEST(CcidDevice, CopiedContentKeepsItsOwnKey) {
  auto token = piv::make_state({}).value();
  token.objects[0x5FC10D] = {0x53, 1, 2};
  token.keys.emplace(0x9E,
                     piv::KeySlot{piv::TokenKey::generate(piv::TokenAlgorithm::p256).value()});
  const CcidDevice original(token, [](const auto&) { return true; });
  CcidHost thief;
  ASSERT_TRUE(thief.device.copy_content(original));
  EXPECT_EQ(thief.device.state().objects, token.objects);
  EXPECT_TRUE(thief.device.state().keys.empty());
}

}  // namespace
}  // namespace latchkey::emulator::ccid
