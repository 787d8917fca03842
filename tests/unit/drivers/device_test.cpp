#include <gtest/gtest.h>

#include <algorithm>

#include "drivers/hidkey/wire.h"
#include "tests/unit/drivers/hid_key_fixture.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"

// The table "What a device does with wrong packets" of docs/protocol-hidkey.md section 3, and
// section 4's refusals.
namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using ctaphid::ErrorCode;
using ctaphid::Message;
using emulator::HidDevice;
using hidkey::Command;

std::uint8_t code(Command command) { return static_cast<std::uint8_t>(command); }
constexpr std::uint8_t kInit = 0x06;
constexpr std::uint8_t kPing = 0x01;
constexpr std::uint8_t kCancel = 0x11;
constexpr std::uint8_t kError = 0x3F;
constexpr std::uint8_t kKeepalive = 0x3B;

/// A host that speaks packets, and the clock.
class DeviceTest : public ::testing::Test {
 protected:
  void send(const Message& message, std::size_t first = 0, std::size_t count = SIZE_MAX) {
    const auto reports = ctaphid::split(message);
    for (std::size_t i = first; i < reports.size() && i - first < count; ++i)
      device().output_report(reports[i], now);
  }

  /// The next message that is due, whole; nothing when there is none.
  std::optional<Message> receive() {
    ctaphid::Assembler assembler;
    bool begun = false;
    while (const auto bytes = device().input_report(now)) {
      Report report{};
      std::ranges::copy(*bytes, report.begin());
      const ctaphid::Packet packet(report);
      const auto step = begun ? assembler.add(packet) : assembler.begin(packet);
      if (step == ctaphid::Assembler::Step::complete) return assembler.take();
      begun = true;
    }
    return std::nullopt;
  }

  std::uint32_t allocate() {
    send({ctaphid::kBroadcast, kInit, pattern(8)});
    const auto answer = receive();
    EXPECT_TRUE(answer && answer->payload.size() == 17);
    return hidkey::get_u32(answer->payload, 8);
  }

  void expect_error(std::uint32_t channel, ErrorCode expected) {
    const auto answer = receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->channel, channel);
    EXPECT_EQ(answer->command, kError);
    EXPECT_EQ(answer->payload, Bytes{static_cast<std::uint8_t>(expected)});
  }

  /// The error with which a request is refused; nothing when it is not.
  std::optional<ErrorCode> refusal(std::uint32_t channel, Command command, Bytes payload) {
    send({channel, code(command), std::move(payload)});
    const auto answer = receive();
    if (!answer || answer->command != kError) return std::nullopt;
    return static_cast<ErrorCode>(answer->payload.at(0));
  }

  HidDevice& device() { return flash.device(); }
  FlashKey flash;
  HidDevice::Instant now{};
};

TEST_F(DeviceTest, InitEchoesTheNonceAndAllocatesDifferentChannels) {
  send({ctaphid::kBroadcast, kInit, pattern(8, 5)});
  const auto answer = receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->channel, ctaphid::kBroadcast);
  ASSERT_EQ(answer->payload.size(), 17U);
  EXPECT_EQ(Bytes(answer->payload.begin(), answer->payload.begin() + 8), pattern(8, 5));
  EXPECT_EQ(answer->payload[12], 2);  // the CTAPHID version
  EXPECT_EQ(answer->payload[16], 0x08);
  EXPECT_NE(allocate(), allocate());
}

TEST_F(DeviceTest, PingComesBack) {
  const auto channel = allocate();
  send({channel, kPing, pattern(7609)});
  EXPECT_EQ(receive()->payload, pattern(7609));
}

TEST_F(DeviceTest, UnknownChannelsAreRefused) {
  for (const std::uint32_t channel : {0U, 77U, ctaphid::kBroadcast}) {
    send({channel, kPing, {}});
    expect_error(channel, ErrorCode::invalid_channel);
  }
}

TEST_F(DeviceTest, TheOldestChannelIsForgotten) {
  const auto oldest = allocate();
  for (std::size_t i = 0; i < HidDevice::kMostChannels; ++i) allocate();
  send({oldest, kPing, {}});
  expect_error(oldest, ErrorCode::invalid_channel);
}

TEST_F(DeviceTest, AnotherChannelIsBusyAndTheTransactionGoesOn) {
  const auto first = allocate();
  const auto second = allocate();
  const Message request{first, kPing, pattern(100)};
  send(request, 0, 1);
  send({second, kPing, {}});
  expect_error(second, ErrorCode::channel_busy);
  send(request, 1);
  EXPECT_EQ(receive()->payload, pattern(100));
}

TEST_F(DeviceTest, ANewRequestInsideARequestEndsIt) {
  const auto channel = allocate();
  const Message request{channel, kPing, pattern(100)};
  send(request, 0, 1);
  send({channel, kPing, {}});
  expect_error(channel, ErrorCode::invalid_sequence);
  send(request, 1);  // belongs to nothing now
  EXPECT_FALSE(receive());
}

TEST_F(DeviceTest, AWrongSequenceNumberEndsTheRequest) {
  const auto channel = allocate();
  const Message request{channel, kPing, pattern(200)};
  send(request, 0, 1);
  send(request, 2, 1);
  expect_error(channel, ErrorCode::invalid_sequence);
}

TEST_F(DeviceTest, AnOverlongMessageIsRefused) {
  const auto channel = allocate();
  auto report = ctaphid::split({channel, kPing, pattern(100)}).front();
  report[5] = report[6] = 0xFF;
  device().output_report(report, now);
  expect_error(channel, ErrorCode::invalid_length);
}

TEST_F(DeviceTest, AnIncompleteRequestTimesOut) {
  const auto channel = allocate();
  send({channel, kPing, pattern(100)}, 0, 1);
  ASSERT_EQ(device().next_due(), now + HidDevice::kPacketGap);
  now += HidDevice::kPacketGap - 1ms;
  EXPECT_FALSE(receive());
  now += 1ms;
  expect_error(channel, ErrorCode::message_timeout);
  EXPECT_FALSE(device().next_due());
}

TEST_F(DeviceTest, CancelEndsTheAnswerSilently) {
  const auto channel = allocate();
  send({channel, kPing, pattern(500)});
  ASSERT_TRUE(device().input_report(now));
  send({channel, kCancel, {}});
  EXPECT_FALSE(device().input_report(now));
}

TEST_F(DeviceTest, InitOnAChannelDropsItsAnswer) {
  const auto channel = allocate();
  send({channel, kPing, pattern(500)});
  ASSERT_TRUE(device().input_report(now));
  send({channel, kInit, pattern(8, 9)});
  const auto answer = receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->command, kInit);
  EXPECT_EQ(hidkey::get_u32(answer->payload, 8), channel);
  EXPECT_FALSE(device().input_report(now));
}

TEST_F(DeviceTest, SlowMeansKeepaliveThenTheAnswer) {
  const auto channel = allocate();
  device().set_fault(emulator::Fault::slow);
  send({channel, kPing, {7}});
  EXPECT_FALSE(receive());
  int keepalives = 0;
  for (;;) {
    ASSERT_TRUE(device().next_due());
    now = *device().next_due();
    const auto message = receive();
    ASSERT_TRUE(message);
    if (message->command != kKeepalive) {
      EXPECT_EQ(message->payload, Bytes{7});
      break;
    }
    ++keepalives;
  }
  EXPECT_EQ(keepalives, 6);
  EXPECT_EQ(now, HidDevice::Instant{} + HidDevice::kSlowBy);
}

TEST_F(DeviceTest, BadParametersAreRefusedEachWithItsCode) {
  ASSERT_TRUE(flash.open()->write_license(pattern(100), soon()));
  const auto channel = allocate();
  const auto digest = sha256(pattern(10));
  struct Row {
    const char* what;
    Command command;
    Bytes payload;
    ErrorCode expected;
  };
  const std::vector<Row> table{
      {"unknown command", Command{0x48}, {}, ErrorCode::invalid_command},
      {"HELLO with a payload", Command::hello, {1}, ErrorCode::invalid_length},
      {"PUBLIC_KEY with a payload", Command::public_key, {1}, ErrorCode::invalid_length},
      {"short challenge", Command::prove, pattern(31), ErrorCode::invalid_length},
      {"long challenge", Command::prove, pattern(33), ErrorCode::invalid_length},
      {"READ malformed", Command::read, pattern(6), ErrorCode::invalid_length},
      {"READ slot 2", Command::read, encode(hidkey::ReadRequest{2, 0, 1}),
       ErrorCode::invalid_parameter},
      {"READ empty slot", Command::read, encode(hidkey::ReadRequest{1, 0, 1}), ErrorCode::empty},
      {"READ nothing", Command::read, encode(hidkey::ReadRequest{0, 0, 0}),
       ErrorCode::invalid_parameter},
      {"READ past the end", Command::read, encode(hidkey::ReadRequest{0, 1, 100}),
       ErrorCode::invalid_parameter},
      {"READ far past the end", Command::read, encode(hidkey::ReadRequest{0, 0xFFFFFFFF, 2}),
       ErrorCode::invalid_parameter},
      {"WRITE without data", Command::write, Bytes(5, 1), ErrorCode::invalid_length},
      {"WRITE slot 2", Command::write, encode(hidkey::WriteRequest{2, 0, pattern(1)}),
       ErrorCode::invalid_parameter},
      {"WRITE the winner", Command::write, encode(hidkey::WriteRequest{0, 0, pattern(1)}),
       ErrorCode::write_protected},
      {"WRITE with a hole", Command::write, encode(hidkey::WriteRequest{1, 1, pattern(1)}),
       ErrorCode::invalid_parameter},
      {"COMMIT malformed", Command::commit, pattern(36), ErrorCode::invalid_length},
      {"COMMIT of nothing", Command::commit, encode(hidkey::CommitRequest{1, 10, digest}),
       ErrorCode::empty},
      {"COMMIT slot 2", Command::commit, encode(hidkey::CommitRequest{2, 10, digest}),
       ErrorCode::invalid_parameter},
      {"STAMP_READ with a payload", Command::stamp_read, {1}, ErrorCode::invalid_length},
      {"STAMP_WRITE too long", Command::stamp_write, pattern(1025), ErrorCode::invalid_length},
  };
  for (const auto& row : table)
    EXPECT_EQ(refusal(channel, row.command, row.payload), row.expected) << row.what;
  EXPECT_EQ(flash.open()->read_license(soon()).value(), pattern(100));
}

// SPEC LIC-8
TEST_F(DeviceTest, ACommitThatDoesNotMatchChangesNothing) {
  ASSERT_TRUE(flash.open()->write_license(pattern(100), soon()));
  const auto channel = allocate();
  ASSERT_EQ(refusal(channel, Command::write, encode(hidkey::WriteRequest{1, 0, pattern(10)})),
            std::nullopt);
  const auto right = sha256(pattern(10));
  const auto wrong = sha256(pattern(11));
  EXPECT_EQ(refusal(channel, Command::commit, encode(hidkey::CommitRequest{1, 10, wrong})),
            ErrorCode::digest);
  EXPECT_EQ(refusal(channel, Command::commit, encode(hidkey::CommitRequest{1, 9, right})),
            ErrorCode::digest);
  EXPECT_EQ(device().state().winner(), 0);
  const auto commit = encode(hidkey::CommitRequest{1, 10, right});
  EXPECT_EQ(refusal(channel, Command::commit, commit), std::nullopt);
  EXPECT_EQ(refusal(channel, Command::commit, commit), std::nullopt);  // its answer was lost
  EXPECT_EQ(device().state().slots[1]->generation, 2U);
}

TEST_F(DeviceTest, ASlotNeverGrowsPastItsCapacity) {
  const auto channel = allocate();
  for (std::uint32_t offset = 0; offset < emulator::Applet::kSlotCapacity; offset += 4096)
    ASSERT_EQ(
        refusal(channel, Command::write, encode(hidkey::WriteRequest{0, offset, pattern(4096)})),
        std::nullopt);
  EXPECT_EQ(refusal(channel, Command::write,
                    encode(hidkey::WriteRequest{0, emulator::Applet::kSlotCapacity, pattern(1)})),
            ErrorCode::invalid_length);
}

}  // namespace
}  // namespace latchkey::test
