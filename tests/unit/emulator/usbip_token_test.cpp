#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/one_key_bus.h"
#include "tests/unit/emulator/ccid_host.h"
#include "tests/unit/emulator/usbip_client.h"

// A PIV token on USB/IP: its descriptors, and its bulk transfers.
namespace latchkey::emulator::usbip {
namespace {

using ccid::CcidHost;
using test::OneTokenBus;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::IsEmpty;

constexpr std::uint8_t kBulk = 1, kNotify = 2, kFido = 3;

class TokenSession {
 public:
  explicit TokenSession(const piv::Model& model = {}) : bus(model) {
    EXPECT_TRUE(feed(script::import_device("1-1")));
    sent.clear();
  }
  bool feed(const Bytes& data) { return session.receive(data, now); }
  script::Reply control(const char* setup_hex) {
    const auto setup = *from_hex(setup_hex);
    EXPECT_TRUE(feed(script::submit(
        {.endpoint = 0, .length = std::uint32_t{setup[6]} | setup[7] << 8, .setup = setup})));
    return script::take_reply(sent);
  }
  void write(const Bytes& transfer) {
    EXPECT_TRUE(feed(script::submit({.sequence = 900,
                                     .in = false,
                                     .endpoint = kBulk,
                                     .length = static_cast<std::uint32_t>(transfer.size()),
                                     .data = transfer})));
    EXPECT_EQ(script::take_reply(sent, false).sequence, 900U);
  }
  void ask(std::uint32_t sequence, std::uint32_t length, std::uint8_t endpoint = kBulk) {
    EXPECT_TRUE(
        feed(script::submit({.sequence = sequence, .endpoint = endpoint, .length = length})));
  }
  script::Reply reply() { return script::take_reply(sent); }

  Device::Instant now{1h};
  OneTokenBus bus;
  Bytes sent;
  Session session{bus,
                  [this](ByteView data) { sent.insert(sent.end(), data.begin(), data.end()); }};
};

// CCID 1.1 section 5.1: one slot, T=1, everything automatic; at which level, and how long.
const std::string kClassHead =
    "3621"
    "1001"
    "00"
    "07"
    "02000000"
    "a00f0000"
    "a00f0000"
    "00"
    "00b00400"
    "00b00400"
    "00"
    "fe000000"
    "00000000"
    "00000000";
const std::string kExtended = kClassHead +
                              "fe000400"
                              "4c050000"
                              "ffff"
                              "0000"
                              "00"
                              "01";
const std::string kShort = kClassHead +
                           "fe000200"
                           "0f010000"
                           "ffff"
                           "0000"
                           "00"
                           "01";
const std::string kFidoReport =
    "06d0f10901a1010920150026ff0075089540810209211500"
    "26ff00750895409102c0";
const std::string kHid =
    "09211101000122"
    "2200";
const std::string kCcidEndpoints =
    "07050102400000"
    "07058102400000"
    "07058203080020";
const std::string kFidoEndpoints =
    "07050303400002"
    "07058303400002";

TEST(TokenDescriptors, AreThoseOfAListedProduct) {
  const std::string head = "12010002000000405010";
  const struct {
    const char* what;
    piv::Model model;
    std::string device;
    std::string configuration;
  } cases[] = {
      {"alone",
       {},
       head + "0404430501020001",
       "09025d00010100803209040000030b000000" + kExtended + kCcidEndpoints},
      {"short APDUs",
       {.short_apdu = true},
       head + "0404430501020001",
       "09025d00010100803209040000030b000000" + kShort + kCcidEndpoints},
      {"composite, firmware 5.7",
       {.composite = true, .aes = true},
       head + "0604710501020001",
       "09027d0002010080320904000002030000"
       "00" +
           kHid + kFidoEndpoints + "09040100030b000000" + kExtended + kCcidEndpoints},
  };
  for (const auto& [what, model, device, configuration] : cases) {
    TokenSession token(model);
    EXPECT_EQ(to_hex(token.control("8006000100001200").data), device) << what;
    EXPECT_EQ(to_hex(token.control("800600020000ff00").data), configuration) << what;
  }
}

TEST(TokenDescriptors, BelongToTheirInterfaces) {
  TokenSession token({.composite = true});
  EXPECT_EQ(to_hex(token.control("8106002200002200").data), kFidoReport);
  EXPECT_EQ(to_hex(token.control("8106002100000900").data), kHid);
  EXPECT_EQ(to_hex(token.control("8106002101003600").data), kExtended);
  for (const char* setup : {"8106002201002200",   // no report descriptor on the smart card's
                            "8106002102000900",   // no third interface
                            "A101000100004000"})  // GET_REPORT
    EXPECT_EQ(token.control(setup).status, -32) << setup;
}

TEST(TokenDescriptors, AreListed) {
  OneTokenBus bus({.composite = true});
  Bytes sent;
  Session session(bus, [&](ByteView data) { sent.insert(sent.end(), data.begin(), data.end()); });
  EXPECT_FALSE(session.receive(script::list(), {}));
  ASSERT_EQ(sent.size(), 12U + 2 * (312 + 8));
  EXPECT_EQ(to_hex(ByteView(sent).subspan(12 + 300, 20)),
            "105004060543"  // vendor, product, release
            "000000010102"  // two interfaces
            "03000000"
            "0b000000");
}

TEST(TokenTransfers, AMessageGoesAndItsAnswerComes) {
  TokenSession token;
  token.ask(7, 1356);
  EXPECT_THAT(token.sent, IsEmpty());
  token.write(CcidHost::message(0x65));
  EXPECT_EQ(token.reply(), (script::Reply{3, 7, 0, 10, *from_hex("8100000000002a010001")}));
  token.write(CcidHost::message(0x62));
  EXPECT_THAT(token.sent, IsEmpty()) << "an answer waits for a transfer";
  EXPECT_EQ(token.session.next_due(), std::nullopt);
  token.ask(8, 1356);
  EXPECT_EQ(token.reply().length, 33U);
}

TEST(TokenTransfers, EndpointsDoNotWaitForEachOther) {
  TokenSession token;
  token.ask(1, 8, kNotify);
  EXPECT_EQ(token.reply().data, (Bytes{0x50, 3}));
  token.ask(2, 8, kNotify);
  token.ask(3, 64);
  token.write(CcidHost::message(0x65));
  EXPECT_EQ(token.reply().sequence, 3U);
  EXPECT_EQ(token.session.next_due(), std::nullopt) << "nothing for the transfer that waits";
  ASSERT_TRUE(token.bus.device.set_fault(Fault::no_card));
  EXPECT_LE(token.session.next_due(), token.now);
  token.session.pump(token.now);
  EXPECT_EQ(token.reply(), (script::Reply{3, 2, 0, 2, {0x50, 2}}));
  token.ask(4, 64, kFido);
  EXPECT_EQ(token.reply().status, -32) << "it is not composite";
}

// USB 2.0 5.8.3: a transfer is filled with packets, and the rest waits for the next one.
TEST(TokenTransfers, AnswersAreCutAtPackets) {
  TokenSession token;
  token.write(CcidHost::message(0x62));
  token.ask(1, 64);
  token.reply();
  token.write(CcidHost::block("00a4040005a000000308"));
  token.ask(2, 64);
  EXPECT_EQ(token.reply().length, 31U);
  // 10 + 54 bytes are one packet to the byte: a zero-length packet ends them.
  auto& card = token.bus.device;
  piv::PivState with = card.state();
  with.objects[0x5FC101] = Bytes(52, 0xCD);
  with.objects[0x5FC102] = Bytes(100, 0xCD);
  ASSERT_TRUE(card.copy_content(ccid::CcidDevice(with, [](const auto&) { return true; })));
  token.write(CcidHost::block("00cb3fff055c035fc10100"));
  token.ask(3, 64);
  token.ask(4, 64);
  EXPECT_EQ(token.reply().length, 64U);
  EXPECT_EQ(token.reply(), (script::Reply{3, 4, 0, 0, {}}));
  token.write(CcidHost::block("00cb3fff055c035fc10100"));
  token.ask(5, 128);
  EXPECT_EQ(token.reply().length, 64U) << "room is left: the transfer ends by itself";
  token.ask(6, 64);
  EXPECT_THAT(token.sent, IsEmpty());

  token.write(CcidHost::block("00cb3fff055c035fc10200"));
  EXPECT_EQ(token.reply().length, 64U) << "112 bytes, in two";
  token.ask(7, 64);
  EXPECT_THAT(to_hex(token.reply().data), EndsWith("cd9000"));
  token.write(CcidHost::block("00cb3fff055c035fc10200"));
  token.ask(8, 100);
  EXPECT_EQ(token.reply().status, -75) << "a packet more than there is room for";
  token.ask(9, 64);
  EXPECT_THAT(token.sent, IsEmpty());
}

TEST(TokenTransfers, LibccidOffersRoomForTheLongestApdu) {
  TokenSession token;
  token.ask(1, 65556);
  token.write(CcidHost::message(0x65));
  EXPECT_EQ(token.reply().length, 10U);
}

}  // namespace
}  // namespace latchkey::emulator::usbip
