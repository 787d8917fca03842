#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "latchkey_known_keys.h"
#include "tests/support/one_key_bus.h"
#include "tests/unit/emulator/usbip_client.h"
#include "tools/latchkey-emulator/hidkey/descriptors.h"
#include "tools/latchkey-emulator/usbip/session.h"

namespace latchkey::emulator::usbip {
namespace {

using test::OneKeyBus;
using namespace std::chrono_literals;
using testing::Each;
using testing::IsEmpty;
using testing::StartsWith;

class SessionTest : public testing::Test {
 protected:
  bool feed(const Bytes& data) { return session.receive(data, now); }
  void import_key() {
    ASSERT_TRUE(feed(script::import_device("1-1")));
    ASSERT_EQ(sent.size(), 8U + 312);
    sent.clear();
  }
  script::Reply control(const Bytes& setup) {
    const std::uint32_t length = setup[6] | setup[7] << 8;
    EXPECT_TRUE(feed(script::submit({.endpoint = 0, .length = length, .setup = setup})));
    return script::take_reply(sent);
  }

  Device::Instant now{1h};
  OneKeyBus bus;
  Bytes sent;
  Session session{bus,
                  [this](ByteView data) { sent.insert(sent.end(), data.begin(), data.end()); }};
};

// usbip_protocol.rst, OP_REP_DEVLIST
TEST_F(SessionTest, ListsDevices) {
  EXPECT_FALSE(feed(script::list()));
  ASSERT_EQ(sent.size(), 12U + 2 * (312 + 4));
  EXPECT_EQ(to_hex(ByteView(sent).first(12)), "011100050000000000000002");
  const auto device = ByteView(sent).subspan(12);
  EXPECT_THAT(as_text(device.first(256)).data(), testing::StrEq("/keys/one"));
  EXPECT_THAT(as_text(device.subspan(256, 32)).data(), testing::StrEq("1-1"));
  EXPECT_EQ(to_hex(device.subspan(288, 28)),
            "00000001"      // bus
            "00000001"      // device
            "00000002"      // full speed
            "120900100100"  // vendor, product, release
            "000000010101"  // class of the interface; configuration 1 of 1 with 1 interface
            "03000000");    // HID
  EXPECT_EQ(hidkey::get_u32(sent, 12 + 316 + 292), 2U) << "the second device's number";
}

TEST_F(SessionTest, ImportAnswersWithTheDevice) {
  EXPECT_TRUE(feed(script::import_device("1-1")));
  ASSERT_EQ(sent.size(), 320U);
  EXPECT_EQ(to_hex(ByteView(sent).first(8)), "0111000300000000");
  EXPECT_EQ(session.bus_id(), "1-1");
}

TEST_F(SessionTest, RefusesToImport) {
  const struct {
    std::string bus_id;
    std::string answer;
  } cases[] = {
      {"1-2", "0111000300000002"},
      {"9-9", "0111000300000004"},
      {"", "0111000300000004"},
      {std::string(32, '1'), ""},  // no end
  };
  for (const auto& [bus_id, answer] : cases) {
    Bytes out;
    Session fresh(bus, [&](ByteView data) { out.insert(out.end(), data.begin(), data.end()); });
    EXPECT_FALSE(fresh.receive(script::import_device(bus_id), now)) << bus_id;
    EXPECT_EQ(to_hex(out), answer) << bus_id;
    EXPECT_EQ(fresh.bus_id(), "");
  }
}

// What Linux asks while it enumerates, and what else a host may ask (USB 2.0 section 9.4, HID 1.11
// section 7).
TEST_F(SessionTest, AnswersControlRequests) {
  import_key();
  const std::string device =
      "12010002000000400912100000010102"
      "0001";
  const std::string hid = "092111010001222200";
  const std::string configuration =
      "0902290001010080"
      "32"
      "090400000203000000" +
      hid +
      "07058103400001"
      "07050103400001";
  const struct {
    const char* what;
    const char* setup;
    std::string data;
  } cases[] = {
      {"device", "8006000100001200", device},
      {"first bytes of device", "8006000100000800", device.substr(0, 16)},
      {"device, longer than it is", "8006000100004000", device},
      {"head of configuration", "8006000200000900", configuration.substr(0, 18)},
      {"configuration", "8006000200002900", configuration},
      {"languages", "800600030000FF00", "04030904"},
      {"manufacturer", "800601030904FF00",
       "12034c00610074006300680"
       "06b0065007900"},
      {"HID", "8106002100000900", hid},
      {"report", "8106002200002200",
       "065aff0901a10109201500"
       "26ff00750895408102"
       "0921150026ff0075089540"
       "9102c0"},
      {"status", "8000000000000200", "0000"},
      {"configuration value", "8008000000000100", "01"},
      {"alternate setting", "810a000000000100", "00"},
  };
  for (const auto& [what, setup, data] : cases) {
    const auto reply = control(*from_hex(setup));
    EXPECT_EQ(reply.status, 0) << what;
    EXPECT_EQ(to_hex(reply.data), data) << what;
  }
}

TEST_F(SessionTest, StallsWhatAKeyDoesNotHave) {
  import_key();
  for (const char* setup : {
           "8006000600000A00",  // device qualifier: it has one speed
           "800603030904FF00",  // string 3: no serial number
           "80060F0000000500",  // BOS descriptor
           "A101000100004000",  // GET_REPORT
           "C000000000004000",  // vendor request
           "FFFFFFFFFFFFFFFF",
       }) {
    const auto reply = control(*from_hex(setup));
    EXPECT_EQ(reply.status, -32) << setup;
    EXPECT_THAT(reply.data, IsEmpty()) << setup;
  }
}

TEST_F(SessionTest, AcceptsWhatTheHostSets) {
  import_key();
  for (const char* setup : {"0009010000000000", "210A000000000000", "010B000000000000",
                            "0201000081000000", "0005070000000000"}) {
    EXPECT_TRUE(
        feed(script::submit({.in = false, .endpoint = 0, .length = 0, .setup = *from_hex(setup)})));
    EXPECT_EQ(script::take_reply(sent, false).status, 0) << setup;
  }
}

TEST_F(SessionTest, InTransferWaitsForItsReport) {
  import_key();
  EXPECT_TRUE(feed(script::submit({.sequence = 7})));
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_TRUE(feed(script::submit_init(8, 0xAB)));
  const auto out = script::take_reply(sent, false);
  EXPECT_EQ(out.sequence, 8U);
  EXPECT_EQ(out.status, 0);
  EXPECT_EQ(out.length, 64U);
  const auto in = script::take_reply(sent);
  EXPECT_EQ(in.sequence, 7U);
  EXPECT_EQ(in.status, 0);
  ASSERT_EQ(in.data.size(), 64U);
  EXPECT_THAT(Bytes(in.data.begin() + 7, in.data.begin() + 15), Each(0xAB));
  EXPECT_THAT(sent, IsEmpty());
}

// As behind a real endpoint: usbhid polls only while somebody has the hidraw node open.
TEST_F(SessionTest, ReportWaitsForAnInTransfer) {
  import_key();
  EXPECT_TRUE(feed(script::submit_init(1, 1)));
  EXPECT_TRUE(feed(script::submit_init(2, 2)));
  script::take_reply(sent, false);
  script::take_reply(sent, false);
  ASSERT_THAT(sent, IsEmpty());
  EXPECT_EQ(session.next_due(), std::nullopt);
  for (const std::uint8_t nonce : {1, 2}) {
    EXPECT_TRUE(feed(script::submit({.sequence = 10U + nonce})));
    const auto in = script::take_reply(sent);
    EXPECT_EQ(in.sequence, 10U + nonce);
    EXPECT_EQ(in.data[7], nonce);
  }
}

TEST_F(SessionTest, LateReportsComeWithTime) {
  import_key();
  EXPECT_TRUE(feed(script::submit({.sequence = 1})));
  EXPECT_TRUE(feed(script::submit_init(2, 1)));
  script::take_reply(sent, false);
  const auto channel = hidkey::get_u32(script::take_reply(sent).data, 15);
  bus.device.set_fault(Fault::slow);
  const auto ping =
      ctaphid::split({channel, static_cast<std::uint8_t>(ctaphid::Command::ping), {1}});
  EXPECT_TRUE(feed(script::submit({.sequence = 3})));
  EXPECT_TRUE(feed(
      script::submit({.sequence = 4, .in = false, .data = Bytes(ping[0].begin(), ping[0].end())})));
  script::take_reply(sent, false);
  ASSERT_THAT(sent, IsEmpty());
  ASSERT_EQ(session.next_due(), now + HidDevice::kKeepalive);
  now += HidDevice::kKeepalive;
  session.pump(now);
  EXPECT_EQ(script::take_reply(sent).sequence, 3U);
}

TEST_F(SessionTest, ShortReportsStayShort) {
  import_key();
  bus.device.set_fault(Fault::short_report);
  EXPECT_TRUE(feed(script::submit({.sequence = 1})));
  EXPECT_TRUE(feed(script::submit_init(2, 1)));
  script::take_reply(sent, false);
  EXPECT_EQ(script::take_reply(sent).length, 10U);
}

TEST_F(SessionTest, TransferTooSmallForAReportOverflows) {
  import_key();
  EXPECT_TRUE(feed(script::submit({.sequence = 1, .length = 63})));
  EXPECT_TRUE(feed(script::submit_init(2, 1)));
  script::take_reply(sent, false);
  const auto in = script::take_reply(sent);
  EXPECT_EQ(in.status, -75);
  EXPECT_EQ(in.length, 0U);
}

TEST_F(SessionTest, UnlinkTakesAWaitingTransferBack) {
  import_key();
  EXPECT_TRUE(feed(script::submit({.sequence = 1})));
  EXPECT_TRUE(feed(script::unlink(2, 1)));
  EXPECT_EQ(script::take_reply(sent), (script::Reply{4, 2, -104, 0, {}}));
  EXPECT_TRUE(feed(script::submit_init(3, 1)));
  EXPECT_EQ(script::take_reply(sent, false).sequence, 3U);
  EXPECT_THAT(sent, IsEmpty()) << "the transfer is answered although it was taken back";
  EXPECT_TRUE(feed(script::unlink(4, 1)));
  EXPECT_EQ(script::take_reply(sent), (script::Reply{4, 4, 0, 0, {}})) << "it had ended before";
}

TEST_F(SessionTest, EndpointsThatAreNotThereStall) {
  import_key();
  EXPECT_TRUE(feed(script::submit({.endpoint = 2})));
  EXPECT_EQ(script::take_reply(sent).status, -32);
}

TEST_F(SessionTest, CutsBetweenMessagesDoNotMatter) {
  Bytes all = script::import_device("1-1");
  for (const auto& message : {script::submit({.sequence = 1}), script::submit_init(2, 5),
                              script::unlink(3, 1), script::submit({.sequence = 4})})
    all.insert(all.end(), message.begin(), message.end());
  for (const auto byte : all) EXPECT_TRUE(feed({byte}));
  const auto piecewise = std::exchange(sent, {});

  OneKeyBus other;
  Session whole(other, [&](ByteView data) { sent.insert(sent.end(), data.begin(), data.end()); });
  EXPECT_TRUE(whole.receive(all, now));
  EXPECT_EQ(piecewise, sent);
}

// SPEC SEC-3
TEST_F(SessionTest, HostileMessagesEndTheConnection) {
  auto unknown_command = script::submit({});
  unknown_command[3] = 9;
  auto reply_command = script::submit({});
  reply_command[3] = 3;
  auto bad_direction = script::submit({});
  bad_direction[15] = 2;
  const struct {
    const char* what;
    Bytes message;
  } cases[] = {
      {"unknown command", unknown_command},
      {"a reply", reply_command},
      {"direction 2", bad_direction},
      {"endpoint 16", script::submit({.endpoint = 16})},
      {"another device", script::submit({.device = 0x00010002})},
      {"isochronous", script::submit({.packets = 1})},
      {"OUT transfer of 4 GiB", script::submit({.in = false, .length = 0xFFFFFFFF})},
      {"OUT transfer over the limit", script::submit({.in = false, .length = 4097})},
      {"IN transfer of 4 GiB", script::submit({.length = 0xFFFFFFFF})},
  };
  for (const auto& [what, message] : cases) {
    Session fresh(bus, [](ByteView) {});
    ASSERT_TRUE(fresh.receive(script::import_device("1-1"), now));
    EXPECT_FALSE(fresh.receive(message, now)) << what;
  }
  for (const auto& start : {script::operation(0x8005, 0x0106), script::operation(0x8001),
                            script::operation(0x0005), Bytes(8, 0xFF)}) {
    Session fresh(bus, [](ByteView) {});
    EXPECT_FALSE(fresh.receive(start, now)) << to_hex(start);
  }
}

// SPEC SEC-3
TEST_F(SessionTest, PendingTransfersAreBounded) {
  import_key();
  for (std::size_t i = 0; i < Session::kMaxPendingTransfers; ++i)
    ASSERT_TRUE(feed(script::submit({.sequence = static_cast<std::uint32_t>(i)})));
  EXPECT_FALSE(feed(script::submit({.sequence = 0xFFFF})));
}

// One list of recognised keys: what the firmware says it is must be in udev/keys.list.
TEST(KnownKeys, HoldTheHidKey) {
  EXPECT_TRUE(std::ranges::any_of(kKnownKeys, [](const KnownKey& key) {
    return key.vendor == kVendorId && key.product == kProductId && key.driver == "hidkey";
  }));
}

}  // namespace
}  // namespace latchkey::emulator::usbip
