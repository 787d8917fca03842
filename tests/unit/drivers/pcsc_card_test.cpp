#include "drivers/pcsc/pcsc_card.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/fake_pcsc.h"
#include "tests/unit/drivers/samples.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using pcsc::Code;
using pcsc::PcscCard;
using Kind = KeyError::Kind;
using Codes = std::vector<Code>;

const Bytes kApdu{0x00, 0xA4, 0x04, 0x00};

class PcscCardTest : public ::testing::Test {
 protected:
  FakePcsc fake_;
  std::atomic<bool> is_new_ = false;
  std::atomic<bool> is_there_ = true;
  PcscCard card_{FakePcsc::api(),
                 kTokenChannel,
                 {[this] { return is_new_.load(); }, [this] { return is_there_.load(); }}};
};

TEST_F(PcscCardTest, ASequenceIsOneTransactionAndLeavesTheCardAsItIs) {
  EXPECT_TRUE(card_.serves(soon()).value());
  ASSERT_TRUE(card_.begin(soon()));
  EXPECT_EQ(card_.transmit(kApdu, soon()).value(), fake_.response);
  card_.end(Leave::as_is);
  EXPECT_EQ(fake_.calls(), (std::vector<std::string>{
                               "establish", "list", "direct Reader 00 00", "disconnect 0",
                               "direct Token 01 00", "disconnect 0", "list", "connect Token 01 00",
                               "begin", "transmit T1", "end 0", "disconnect 0", "release"}));
  EXPECT_EQ(card_.transmit(kApdu, soon()).error().kind, Kind::protocol);
}

TEST_F(PcscCardTest, ASequenceThatUnlockedTheCardResetsIt) {
  ASSERT_TRUE(card_.begin(soon()));
  card_.end(Leave::reset);
  EXPECT_EQ(fake_.count("end 1"), 1U);
  EXPECT_EQ(fake_.count("end 0"), 0U);
}

TEST_F(PcscCardTest, TheReaderIsSearchedForOnceAndItsNameIsNotTrusted) {
  ASSERT_TRUE(card_.begin(soon()));
  card_.end(Leave::as_is);
  ASSERT_TRUE(card_.begin(soon()));
  card_.end(Leave::as_is);
  EXPECT_EQ(fake_.count("direct Token 01 00"), 1U);
  fake_.set_readers({{"Token 01 00", 0x0020'0103}});
  EXPECT_EQ(card_.begin(soon()).error().kind, Kind::gone);
  EXPECT_EQ(fake_.count("begin"), 2U);
  EXPECT_FALSE(card_.serves(soon()).value());
}

struct ServesRow {
  std::string name;
  std::string function;
  Codes codes;
  std::optional<Kind> kind;  ///< none: not served
};

// SPEC KEY-3: when pcscd does not serve the device, and when that cannot be said.
TEST_F(PcscCardTest, WhetherPcscdServesTheDevice) {
  for (const auto& row : {
           ServesRow{"it does not run", "establish", {Code::no_service}, {}},
           ServesRow{"it has just stopped", "list", {Code::service_stopped}, {}},
           ServesRow{"polkit, hanging up", "establish", {Code::comm_error}, Kind::no_permission},
           ServesRow{"polkit", "establish", {Code::security_violation}, Kind::no_permission},
           ServesRow{"kept by another program",
                     "direct",
                     {Code::success, Code::sharing_violation},
                     Kind::busy},
           ServesRow{"a reader that left meanwhile",
                     "direct",
                     {Code::unknown_reader, Code::reader_unavailable},
                     {}},
       }) {
    fake_.fail(row.function, row.codes);
    const auto served = card_.serves(soon());
    EXPECT_EQ(served.has_value(), !row.kind) << row.name;
    if (row.kind) {
      EXPECT_EQ(served.error().kind, *row.kind) << row.name;
    } else {
      EXPECT_FALSE(*served) << row.name;
    }
  }
  EXPECT_EQ(fake_.count("establish"), fake_.count("release") + 3);  // three were refused
  fake_.set_readers({});
  EXPECT_FALSE(card_.serves(soon()).value());
}

TEST_F(PcscCardTest, ANewDeviceIsNotTakenAwayFromPcscd) {
  fake_.set_readers({});
  is_new_ = true;
  EXPECT_EQ(card_.serves(in(100ms)).error().kind, Kind::busy);
  is_new_ = false;
  EXPECT_FALSE(card_.serves(soon()).value());
}

// pcscd would lose a token that is taken away from under it while it opens it.
TEST_F(PcscCardTest, WaitsForADeviceThatIsNew) {
  fake_.set_readers({});
  is_new_ = true;
  std::jthread pcscd([&] {
    std::this_thread::sleep_for(20ms);
    fake_.set_readers({{"Token 01 00", kTokenChannel}});
  });
  EXPECT_TRUE(card_.serves(soon()).value());
}

struct BeginRow {
  std::string function;
  Codes codes;
  std::optional<Kind> kind;
};

// SPEC KEY-3
TEST_F(PcscCardTest, BeginTellsWhyThereIsNoCard) {
  const Codes always_reset(20, Code::reset_card);
  for (const auto& row : {
           BeginRow{"connect", {Code::no_smartcard}, Kind::not_a_key},
           BeginRow{"connect", {Code::removed_card}, Kind::not_a_key},
           BeginRow{"connect", {Code::unresponsive_card}, Kind::not_a_key},
           BeginRow{"connect", {Code::unpowered_card}, Kind::not_a_key},
           BeginRow{"connect", {Code::unsupported_card}, Kind::not_a_key},
           BeginRow{"connect", {Code::sharing_violation}, Kind::busy},
           BeginRow{"connect", {Code::security_violation}, Kind::no_permission},
           BeginRow{"connect", {Code::reader_unavailable}, Kind::gone},
           BeginRow{"connect", {Code::unknown_reader}, Kind::gone},
           BeginRow{"connect", {Code{0x8010'0001}}, Kind::protocol},
           BeginRow{"begin", {Code::removed_card}, Kind::not_a_key},
           BeginRow{"begin", {Code::reset_card}, {}},
           BeginRow{"begin", {Code::reset_card, Code::reset_card}, {}},
           BeginRow{"begin", always_reset, Kind::protocol},
           BeginRow{"list", {Code::comm_error}, Kind::protocol},
       }) {
    fake_.fail(row.function, row.codes);
    const auto limits = card_.begin(soon());
    EXPECT_EQ(limits.has_value(), !row.kind) << row.function;
    if (row.kind && !limits) {
      EXPECT_EQ(limits.error().kind, *row.kind) << limits.error().detail;
      EXPECT_TRUE(limits.error().detail.starts_with("PC/SC: ")) << limits.error().detail;
    }
    card_.end(Leave::as_is);
    fake_.fail(row.function, {});
    ASSERT_TRUE(card_.begin(soon())) << row.function;
    card_.end(Leave::as_is);
  }
}

struct TransmitRow {
  Code code;
  Kind kind;
};

// SPEC KEY-3
TEST_F(PcscCardTest, TransmitTellsWhatBecameOfTheCard) {
  for (const auto& [code, kind] :
       {TransmitRow{Code::removed_card, Kind::gone}, TransmitRow{Code::no_smartcard, Kind::gone},
        TransmitRow{Code::reader_unavailable, Kind::gone},
        TransmitRow{Code::reset_card, Kind::protocol},
        TransmitRow{Code::unresponsive_card, Kind::protocol},
        TransmitRow{Code::service_stopped, Kind::protocol},
        TransmitRow{Code::timeout, Kind::timeout},
        TransmitRow{Code{0x8010'0016}, Kind::protocol}}) {
    ASSERT_TRUE(card_.begin(soon()));
    fake_.fail("transmit", {code});
    EXPECT_EQ(card_.transmit(kApdu, soon()).error().kind, kind) << int(code);
    card_.end(Leave::as_is);
  }
  ASSERT_TRUE(card_.begin(soon()));
  fake_.fail("transmit", {Code{0x8010'0016}});
  is_there_ = false;
  EXPECT_EQ(card_.transmit(kApdu, soon()).error().kind, Kind::gone);
}

// SPEC SEC-3
TEST_F(PcscCardTest, ResponsesOfNoPossibleSizeAreRefused) {
  ASSERT_TRUE(card_.begin(soon()));
  for (const std::size_t size : {0U, 1U, 65'539U, 70'000U}) {
    fake_.response = Bytes(size);
    EXPECT_EQ(card_.transmit(kApdu, soon()).error().kind, Kind::protocol) << size;
  }
  fake_.response = pattern(65'538);
  EXPECT_EQ(card_.transmit(kApdu, soon()).value(), pattern(65'538));
  EXPECT_EQ(card_.transmit(Bytes(65'545), soon()).error().kind, Kind::protocol);
}

struct LimitRow {
  Bytes max_input;
  std::size_t command;
};

TEST_F(PcscCardTest, TheReaderSaysHowLongAnApduMayBe) {
  for (const auto& row : {LimitRow{{0xF6, 0x0B, 0, 0}, 3062}, LimitRow{{0x05, 0x01, 0, 0}, 261},
                          LimitRow{{1, 0, 0, 0}, 261}, LimitRow{{}, 261}, LimitRow{{1, 0}, 261},
                          LimitRow{{0, 0, 0, 0x7F}, 65'544}}) {
    fake_.max_input = row.max_input;
    const auto limits = card_.begin(soon()).value();
    EXPECT_EQ(limits.max_command, row.command);
    EXPECT_EQ(limits.extended(), row.command > 261);
    card_.end(Leave::as_is);
  }
}

// Another program has a transaction, for which PC/SC waits without end.
TEST_F(PcscCardTest, ATransactionOfAnotherProgramIsWaitedForUntilTheDeadlineOnly) {
  fake_.hold_card();
  for (int i = 0; i < 3; ++i) {
    const auto outcome = card_.begin(in(20ms));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, Kind::busy);
  }
  fake_.release_card();
  ASSERT_TRUE(card_.begin(soon()));
  EXPECT_TRUE(card_.transmit(kApdu, soon()));
  card_.end(Leave::as_is);
  EXPECT_EQ(fake_.count("establish"), fake_.count("release"));
}

TEST_F(PcscCardTest, CancelEndsARunningCallAtOnce) {
  fake_.hold_card();
  std::jthread canceller([&] {
    std::this_thread::sleep_for(10ms);
    card_.cancel();
  });
  EXPECT_EQ(card_.begin(soon()).error().kind, Kind::gone);
  EXPECT_EQ(card_.begin(soon()).error().kind, Kind::gone);
}

struct NodeRow {
  std::string node;
  std::optional<std::uint32_t> channel;
};

TEST(PcscChannel, IsTheUsbAddress) {
  for (const auto& [node, channel] :
       {NodeRow{"/dev/bus/usb/001/007", 0x0020'0107}, NodeRow{"/dev/bus/usb/012/125", 0x0020'0C7D},
        NodeRow{"/dev/bus/usb/001/7", {}}, NodeRow{"/dev/bus/usb/001/0x7", {}},
        NodeRow{"/dev/bus/usb/001/999", {}}, NodeRow{"/dev/hidraw3", {}}, NodeRow{"", {}}})
    EXPECT_EQ(pcsc::channel_of(node), channel) << node;
}

}  // namespace
}  // namespace latchkey::test
