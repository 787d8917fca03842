#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/emulator/ccid_host.h"
#include "tools/latchkey-emulator/ccid/profile.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"

// What a token does wrong on request: docs/emulator.md.
namespace latchkey::emulator::ccid {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::StartsWith;

constexpr auto kSelect = "00a4040005a000000308";

class CcidFault : public testing::Test {
 protected:
  void SetUp() override {
    host.power_on();
    host.device.read(kNotifyEndpoint, host.now);
  }
  void manage() {
    host.apdu(kSelect);
    const auto challenge = host.apdu("0087039b047c028100");
    const auto proof = host.device.state().management.encrypt(*from_hex(challenge.substr(8, 16)));
    ASSERT_EQ(host.apdu("0087039b0c7c0a8208" + to_hex(proof)), "9000");
  }
  CcidHost host;
};

TEST_F(CcidFault, SlowAsksForTime) {
  ASSERT_TRUE(host.device.set_fault(Fault::slow));
  host.write(CcidHost::block(kSelect));
  EXPECT_EQ(host.read(), "-");
  const auto begun = host.now;
  int extensions = 0;
  for (;;) {
    host.now = host.device.next_due(Device::kKeyEndpoint).value();
    const auto answer = host.read();
    if (answer.substr(14, 2) != "80") {
      EXPECT_THAT(answer, EndsWith("9000"));
      break;
    }
    EXPECT_EQ(answer,
              "80"
              "00000000"
              "002a"
              "800100");
    ++extensions;
  }
  EXPECT_EQ(host.now - begun, CcidDevice::kSlowBy);
  EXPECT_EQ(extensions, CcidDevice::kSlowBy / CcidDevice::kTimeExtension - 1);
}

TEST_F(CcidFault, WhileItIsSlowItIsBusyAndCanBeAborted) {
  ASSERT_TRUE(host.device.set_fault(Fault::slow));
  host.write(CcidHost::block(kSelect));
  host.write(CcidHost::message(0x65));
  host.now += 1s;
  std::string last;
  for (auto answer = host.read(); answer != "-"; answer = host.read()) last = answer;
  EXPECT_EQ(last,
            "81"
            "00000000"
            "002a"
            "40e000")
      << "CMD_SLOT_BUSY";
  host.write(CcidHost::block(kSelect));
  EXPECT_EQ(host.send(CcidHost::message(0x72)),
            "81"
            "00000000"
            "002a"
            "000000");
  EXPECT_EQ(host.read(), "-") << "the slow answer was taken back";
}

TEST_F(CcidFault, ASignatureTakesItsTime) {
  ASSERT_TRUE(host.device.set_fault(Fault::real_time));
  EXPECT_THAT(host.apdu(kSelect), EndsWith("9000")) << "all else is prompt";
  host.write(CcidHost::block("0087039b047c028100"));
  EXPECT_EQ(host.read(), "-");
  EXPECT_EQ(host.device.next_due(Device::kKeyEndpoint), host.now + CcidDevice::kSignatureTime);
  host.now += CcidDevice::kSignatureTime;
  EXPECT_THAT(host.read(), EndsWith("9000"));
}

TEST_F(CcidFault, SilentGarbageShort) {
  ASSERT_TRUE(host.device.set_fault(Fault::silent));
  EXPECT_EQ(host.send(CcidHost::block(kSelect)), "-");
  ASSERT_TRUE(host.device.set_fault(Fault::garbage));
  const auto first = host.send(CcidHost::block(kSelect));
  EXPECT_NE(first, host.send(CcidHost::block(kSelect)));
  EXPECT_EQ(first.size(), 62U);
  ASSERT_TRUE(host.device.set_fault(Fault::short_report));
  EXPECT_EQ(host.send(CcidHost::block(kSelect)).size(), 10U);
  ASSERT_TRUE(host.device.set_fault(Fault::none));
  EXPECT_THAT(host.send(CcidHost::block(kSelect)), EndsWith("9000"));
}

TEST_F(CcidFault, CardLeavesAndComesBack) {
  ASSERT_TRUE(host.device.set_fault(Fault::no_card));
  EXPECT_EQ(host.device.next_due(kNotifyEndpoint), Device::Instant{}) << "at once";
  EXPECT_EQ(host.device.read(kNotifyEndpoint, host.now), (Bytes{0x50, 2}));
  EXPECT_THAT(host.send(CcidHost::message(0x65)), EndsWith("020001"));
  EXPECT_THAT(host.power_on(), EndsWith("42fe00"));
  EXPECT_THAT(host.send(CcidHost::block(kSelect)), EndsWith("42fe00"));
  EXPECT_THAT(host.send(CcidHost::message(0x6C)), EndsWith("42fe01"));
  ASSERT_TRUE(host.device.set_fault(Fault::none));
  EXPECT_EQ(host.device.read(kNotifyEndpoint, host.now), (Bytes{0x50, 3}));
  EXPECT_THAT(host.send(CcidHost::message(0x65)), EndsWith("010001")) << "without power";
}

TEST_F(CcidFault, UnplugInTheMiddleOfAnAnswer) {
  ASSERT_TRUE(host.device.set_fault(Fault::unplug_read));
  EXPECT_THAT(host.apdu(kSelect), EndsWith("9000")) << "fits one packet";
  manage();
  ASSERT_EQ(host.apdu("00db3fff4e5c035fc1055347" + std::string(142, 'a')), "9000");
  const auto half = host.send(CcidHost::block("00cb3fff055c035fc10500"));
  EXPECT_EQ(half.size() / 2, (10 + 73 + 2) / 2U);
  EXPECT_FALSE(host.device.attached());
  EXPECT_EQ(host.device.fault(), Fault::none) << "once";
}

TEST_F(CcidFault, UnplugBeforeAWriteIsCarriedOut) {
  manage();
  ASSERT_EQ(host.apdu("00db3fff085c035fc1055301aa"), "9000");
  ASSERT_TRUE(host.device.set_fault(Fault::unplug_write));
  EXPECT_THAT(host.apdu("00cb3fff055c035fc10500"), EndsWith("9000")) << "reads go on";
  EXPECT_EQ(host.send(CcidHost::block("00db3fff085c035fc1055301bb")), "-");
  EXPECT_FALSE(host.device.attached());
  EXPECT_EQ(to_hex(host.device.state().objects.at(0x5FC105)), "5301aa");
}

TEST_F(CcidFault, PowerIsLostBetweenTwoPartsOfAWrite) {
  manage();
  ASSERT_EQ(host.apdu("00db3fff085c035fc1055301aa"), "9000");
  ASSERT_TRUE(host.device.set_fault(Fault::power_loss));
  EXPECT_EQ(host.apdu("00db3fff085c035fc1055301bb"), "9000") << "one command is atomic";
  EXPECT_EQ(host.apdu("10db3fff085c035fc1055302cc"), "9000");
  EXPECT_EQ(host.send(CcidHost::block("00db3fff01dd")), "-");
  EXPECT_FALSE(host.device.attached());
  EXPECT_EQ(to_hex(host.device.state().objects.at(0x5FC105)), "5302cc");
  host.device.attach();
  EXPECT_FALSE(host.device.state().objects.empty()) << "the next plug";
  EXPECT_EQ(host.device.fault(), Fault::none);
}

// A HID key has no card that could leave.
TEST(HidFault, RefusesTheFaultsOfACard) {
  HidDevice key(make_key_state(KeyAlgorithm::ed25519).value(),
                [](const KeyState&) { return true; });
  for (const auto fault : {Fault::no_card, Fault::power_loss, Fault::real_time}) {
    const auto refused = key.set_fault(fault);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "unknown-fault");
    EXPECT_EQ(key.fault(), Fault::none);
  }
  const auto copied = key.copy_content(CcidHost().device);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, "wrong-kind");
}

}  // namespace
}  // namespace latchkey::emulator::ccid
