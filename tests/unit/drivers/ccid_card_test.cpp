#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/drivers/ccid_slot.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using ccid::Answer;
using ccid::Command;
using Kind = KeyError::Kind;

TEST(CcidCard, ASequenceClaimsPowersTransmitsAndLeavesTheCardOff) {
  Slot slot;
  ASSERT_TRUE(slot.card->begin(soon()));
  EXPECT_TRUE(slot.reader->claimed);
  EXPECT_EQ(slot.card->transmit(kApdu, soon()).value(), kGood);
  slot.card->end(Leave::as_is);
  EXPECT_FALSE(slot.reader->claimed);
  EXPECT_FALSE(slot.reader->powered);
  EXPECT_EQ(slot.types(), (std::vector{Command::get_slot_status, Command::icc_power_on,
                                       Command::xfr_block, Command::icc_power_off}));
  EXPECT_EQ(slot.card->transmit(kApdu, soon()).error().kind, Kind::protocol);
}

struct BeginRow {
  std::string name;
  std::function<void(FakeReader&)> change;
  Kind kind;
};

// SPEC KEY-3
TEST(CcidCard, BeginTellsWhyThereIsNoCard) {
  const auto failing = [](std::uint8_t status, std::uint8_t error) {
    return [=](FakeReader& reader) {
      reader.script = [=, &reader](const CcidCommand& command) {
        if (command.type != Command::icc_power_on) return reader.obey(command);
        return FakeReader::Answers{
            ccid_reply(Answer::data_block, command.sequence, {}, status, error)};
      };
    };
  };
  const BeginRow rows[] = {
      {"no card", [](FakeReader& r) { r.card = false; }, Kind::not_a_key},
      {"the card left before it was powered", failing(0x42, 0xFE), Kind::not_a_key},
      {"a mute card", failing(0x41, 0xFE), Kind::not_a_key},
      {"a hardware error", failing(0x41, 0xFB), Kind::protocol},
      {"claimed by another program", [](FakeReader& r) { r.busy = true; }, Kind::busy},
      {"unplugged", [](FakeReader& r) { r.unplug(); }, Kind::gone},
      {"TPDU level", [](FakeReader& r) { r.descriptor = ccid_descriptor(kTpduLevel); },
       Kind::not_a_key},
      {"character level", [](FakeReader& r) { r.descriptor = ccid_descriptor(0xBA); },
       Kind::not_a_key},
      {"no descriptor", [](FakeReader& r) { r.descriptor.clear(); }, Kind::not_a_key},
      {"messages of no size",
       [](FakeReader& r) { r.descriptor = ccid_descriptor(kExtendedLevel, 12); }, Kind::not_a_key},
      {"silence", [](FakeReader& r) { r.script = [](auto&) { return FakeReader::Answers{}; }; },
       Kind::timeout},
  };
  for (const auto& row : rows) {
    Slot slot;
    row.change(*slot.reader);
    const auto limits = slot.card->begin(row.kind == Kind::timeout ? in(60ms) : soon());
    ASSERT_FALSE(limits) << row.name;
    EXPECT_EQ(limits.error().kind, row.kind) << row.name << ": " << limits.error().detail;
    EXPECT_FALSE(slot.reader->claimed) << row.name;
  }
}

struct LimitsRow {
  std::uint32_t features;
  std::uint32_t max_message;
  std::size_t command;
  std::size_t response;
};

TEST(CcidCard, TheReaderSaysHowLongAnApduMayBe) {
  for (const auto& row :
       {LimitsRow{kExtendedLevel, 3072, 3062, 65'538},
        LimitsRow{kExtendedLevel, 0xFFFF'FFFF, 65'544, 65'538},
        LimitsRow{kExtendedLevel, 64, 261, 65'538}, LimitsRow{kShortLevel, 271, 261, 258}}) {
    Slot slot(ccid_descriptor(row.features, row.max_message));
    const auto limits = slot.card->begin(soon()).value();
    EXPECT_EQ(limits.max_command, row.command);
    EXPECT_EQ(limits.max_response, row.response);
  }
}

TEST(CcidCard, TriesTheVoltagesInTurnWhenTheReaderDoesNotChoose) {
  Slot slot(ccid_descriptor(kShortLevel & ~8U, 271, 0b101));
  slot.reader->script = [&](const CcidCommand& command) {
    if (command.type == Command::icc_power_on && command.power_select == 1)
      return FakeReader::Answers{ccid_reply(Answer::data_block, command.sequence, {}, 0x41, 0xFE)};
    return slot.reader->obey(command);
  };
  ASSERT_TRUE(slot.card->begin(soon()));
  std::vector<int> selects;
  for (const auto& command : slot.reader->commands)
    if (command.type == Command::icc_power_on) selects.push_back(command.power_select);
  EXPECT_EQ(selects, (std::vector{1, 3}));
}

// A late answer to a command that was given up is not taken for the answer to the next one.
TEST(CcidCard, AnAnswerThatComesTooLateIsThrownAway) {
  Slot slot;
  ASSERT_TRUE(slot.card->begin(soon()));
  std::uint8_t owed = 0;
  slot.reader->script = [&](const CcidCommand& command) {
    owed = command.sequence;
    slot.reader->script = nullptr;
    return FakeReader::Answers{};
  };
  EXPECT_EQ(slot.card->transmit(kApdu, in(10ms)).error().kind, Kind::timeout);
  slot.card->end(Leave::as_is);
  slot.reader->deliver(ccid_reply(Answer::data_block, owed, Bytes{0x6F, 0x00}));
  slot.reader->deliver(Bytes(7, 0xFF));  // the rest of something
  ASSERT_TRUE(slot.card->begin(soon()));
  EXPECT_EQ(slot.card->transmit(kApdu, soon()).value(), kGood);
}

// Another program left in the middle of an exchange, and the reader is still at its command.
TEST(CcidCard, BeginGetsIntoStepWithAReaderThatOthersUsed) {
  Slot slot;
  slot.reader->deliver(Bytes(30, 0x80));
  slot.reader->deliver(ccid_reply(Answer::data_block, 1, kGood));
  int refusals = 3;
  slot.reader->script = [&](const CcidCommand& command) {
    if (command.type != Command::get_slot_status || refusals-- <= 0)
      return slot.reader->obey(command);
    return FakeReader::Answers{ccid_reply(Answer::slot_status, command.sequence, {}, 0x40, 0xE0)};
  };
  ASSERT_TRUE(slot.card->begin(soon()));
  EXPECT_EQ(slot.card->transmit(kApdu, soon()).value(), kGood);
}

TEST(CcidCard, UnpluggingAndCancellingEndARunningCallWithGone) {
  for (const bool cancel : {false, true}) {
    Slot slot;
    ASSERT_TRUE(slot.card->begin(soon()));
    slot.reader->script = [](auto&) { return FakeReader::Answers{}; };
    std::jthread other([&] {
      std::this_thread::sleep_for(10ms);
      if (cancel)
        slot.card->cancel();
      else
        slot.reader->unplug();
    });
    EXPECT_EQ(slot.card->transmit(kApdu, soon()).error().kind, Kind::gone);
    slot.card->end(Leave::as_is);
    EXPECT_EQ(slot.card->begin(soon()).error().kind, Kind::gone);
  }
}

}  // namespace
}  // namespace latchkey::test
