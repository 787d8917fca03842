#include "drivers/hidkey/ctaphid.h"

#include <gtest/gtest.h>

#include "drivers/hidkey/protocol.h"
#include "tests/unit/drivers/hid_key_fixture.h"

// docs/protocol-hidkey.md section 3, after CTAP 2.1 section 11.2.4
namespace latchkey::test {
namespace {

using ctaphid::Assembler;
using ctaphid::Packet;
using Step = Assembler::Step;

struct SizeRow {
  std::size_t payload;
  std::size_t packets;
};

TEST(Ctaphid, SplitsAndAssemblesEverySize) {
  for (const auto& [size, packets] :
       {SizeRow{0, 1}, SizeRow{1, 1}, SizeRow{57, 1}, SizeRow{58, 2}, SizeRow{116, 2},
        SizeRow{117, 3}, SizeRow{7608, 129}, SizeRow{7609, 129}}) {
    const auto reports = ctaphid::split({0x01020304, 0x43, pattern(size)});
    ASSERT_EQ(reports.size(), packets) << size;
    Assembler assembler;
    auto step = assembler.begin(Packet(reports[0]));
    for (std::size_t i = 1; i < reports.size(); ++i) {
      ASSERT_EQ(step, Step::more);
      step = assembler.add(Packet(reports[i]));
    }
    ASSERT_EQ(step, Step::complete) << size;
    EXPECT_EQ(assembler.message().channel, 0x01020304U);
    EXPECT_EQ(assembler.message().command, 0x43);
    EXPECT_EQ(assembler.message().payload, pattern(size));
  }
}

TEST(Ctaphid, AnInitialisationPacketIsLaidOutAsTheStandardSays) {
  const auto report = ctaphid::split({0xA1B2C3D4, 0x06, {0x11, 0x22}}).at(0);
  const Bytes expected{0xA1, 0xB2, 0xC3, 0xD4, 0x86, 0x00, 0x02, 0x11, 0x22, 0x00};
  EXPECT_EQ(Bytes(report.begin(), report.begin() + 10), expected);
}

TEST(Ctaphid, AContinuationIsLaidOutAsTheStandardSays) {
  const auto report = ctaphid::split({0xA1B2C3D4, 0x43, Bytes(57 + 59 + 1, 0xEE)}).at(2);
  const Bytes expected{0xA1, 0xB2, 0xC3, 0xD4, 0x01, 0xEE, 0x00};
  EXPECT_EQ(Bytes(report.begin(), report.begin() + 7), expected);
}

TEST(Ctaphid, RefusesWhatCannotBeAMessage) {
  auto reports = ctaphid::split({1, 0x43, pattern(200)});
  Assembler assembler;
  auto longer = reports[0];
  longer[5] = 0x1D;  // 7610
  longer[6] = 0xBA;
  EXPECT_EQ(assembler.begin(Packet(longer)), Step::bad_length);
  ASSERT_EQ(assembler.begin(Packet(reports[0])), Step::more);
  EXPECT_EQ(assembler.add(Packet(reports[2])), Step::bad_sequence);
}

TEST(HidKeyProtocol, AHelloOutOfRangeIsRefused) {
  hidkey::Hello good;
  good.firmware = {1, 2, 3};
  good.slot_capacity = 16384;
  good.stamp_capacity = 1024;
  good.winner = 1;
  good.slots[1] = {true, 7, 100, sha256(pattern(100))};
  const auto bytes = encode(good);
  ASSERT_EQ(bytes.size(), 128U);
  ASSERT_EQ(hidkey::parse_hello(bytes), good);
  auto longer = bytes;
  longer.push_back(1);  // a later minor revision
  EXPECT_EQ(hidkey::parse_hello(longer), good);
  EXPECT_FALSE(hidkey::parse_hello(ByteView(bytes).first(127)));
  struct Change {
    std::size_t at;
    std::uint8_t value;
    const char* what;
  };
  for (const auto& change :
       {Change{0, 2, "version"}, Change{4, 0, "algorithm"}, Change{4, 3, "algorithm"},
        Change{6, 1, "slot capacity above 64 KiB"}, Change{10, 0xFF, "stamp capacity"},
        Change{12, 0, "winner is empty"}, Change{12, 2, "no such slot"},
        Change{46, 2, "slot state"}, Change{92, 1, "longer than its slot"},
        Change{95, 0, "committed and empty"}}) {
    auto bad = bytes;
    bad[change.at] = change.value;
    EXPECT_FALSE(hidkey::parse_hello(bad)) << change.what;
  }
}

}  // namespace
}  // namespace latchkey::test
