#include "drivers/ccid/ccid_card.h"

#include <gtest/gtest.h>

#include <thread>
#include <variant>

#include "tests/support/fake_reader.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using ccid::Answer;
using ccid::CcidCard;
using ccid::Command;
using Kind = KeyError::Kind;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
Deadline soon() { return in(5s); }

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return out;
}

Bytes with_status(Bytes data) {
  data.insert(data.end(), {0x90, 0x00});
  return data;
}

/// A card over a fake reader.
struct Slot {
  explicit Slot(Bytes descriptor = ccid_descriptor()) {
    auto owned = std::make_unique<FakeReader>();
    reader = owned.get();
    reader->descriptor = std::move(descriptor);
    card = std::make_unique<CcidCard>(std::move(owned), "USB");
  }
  std::vector<Command> types() const {
    std::vector<Command> out;
    for (const auto& command : reader->commands) out.push_back(command.type);
    return out;
  }
  FakeReader* reader;
  std::unique_ptr<CcidCard> card;
};

const Bytes kApdu{0x00, 0xA4, 0x04, 0x00};
const Bytes kGood = with_status(kApdu);

TEST(CcidCard, ASequenceClaimsPowersTransmitsAndLeavesTheCardOff) {
  Slot slot;
  ASSERT_TRUE(slot.card->begin(soon()));
  EXPECT_TRUE(slot.reader->claimed);
  EXPECT_EQ(slot.card->transmit(kApdu, soon()).value(), kGood);
  slot.card->end();
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

struct Row {
  std::string name;
  /// What arrives for the first XfrBlock; the later ones are obeyed.
  std::function<FakeReader::Answers(std::uint8_t sequence)> answers;
  std::variant<Bytes, Kind> expected;
};

std::vector<Row> rows() {
  const auto block = [](std::uint8_t sequence, std::uint8_t status, std::uint8_t error) {
    return ccid_reply(Answer::data_block, sequence, kGood, status, error);
  };
  const auto spoiled = [](std::function<void(Bytes&)> spoil) {
    return [spoil](std::uint8_t s) {
      auto message = ccid_reply(Answer::data_block, s, kGood);
      spoil(message);
      return FakeReader::Answers{message};
    };
  };
  using S = std::uint8_t;
  using A = FakeReader::Answers;
  return {
      {"time extensions, then the answer",
       [=](S s) {
         return A{block(s, 0x80, 1), block(s, 0x80, 1), block(s, 0, 0)};
       },
       kGood},
      {"time extensions without end", [=](S s) { return A(3, block(s, 0x80, 1)); }, Kind::timeout},
      {"an error code on success", [=](S s) { return A{block(s, 0, 0x81)}; }, kGood},
      {"a stale answer first",
       [=](S s) {
         return A{block(S(s - 1), 0, 0), block(s, 0, 0)};
       },
       kGood},
      {"another slot's answer first",
       [=](S s) {
         auto other = block(s, 0, 0);
         other[5] = 1;
         return A{other, block(s, 0, 0)};
       },
       kGood},
      {"an empty transfer first",
       [=](S s) {
         return A{Bytes{}, block(s, 0, 0)};
       },
       kGood},
      {"bytes beyond the length", spoiled([](Bytes& m) { m.push_back(1); }), kGood},
      {"stale answers only", [=](S s) { return A(40, block(S(s + 1), 0, 0)); }, Kind::timeout},
      {"a header cut short", spoiled([](Bytes& m) { m.resize(9); }), Kind::protocol},
      {"a length beyond the message", spoiled([](Bytes& m) { m[1]++; }), Kind::protocol},
      {"a length of 4 GiB", spoiled([](Bytes& m) { m[4] = 0xFF; }), Kind::protocol},
      {"another type", spoiled([](Bytes& m) { m[0] = 0x82; }), Kind::protocol},
      {"the type of a command", spoiled([](Bytes& m) { m[0] = 0x6F; }), Kind::protocol},
      {"a plain status on success", spoiled([](Bytes& m) { m[0] = 0x81; }), Kind::protocol},
      {"more than the reader's longest",
       [](S s) { return A{ccid_reply(Answer::data_block, s, Bytes(3063))}; }, Kind::protocol},
      {"a response of one byte", [](S s) { return A{ccid_reply(Answer::data_block, s, Bytes(1))}; },
       Kind::protocol},
      {"the card left", [=](S s) { return A{block(s, 0x42, 0xFE)}; }, Kind::gone},
      {"the card went mute", [=](S s) { return A{block(s, 0x40, 0xFE)}; }, Kind::protocol},
      {"a refusal by plain status",
       [](S s) { return A{ccid_reply(Answer::slot_status, s, {}, 0x40, 0)}; }, Kind::protocol},
      {"the reserved status", [=](S s) { return A{block(s, 0xC0, 0)}; }, Kind::protocol},
      {"the last part first",
       [](S s) { return A{ccid_reply(Answer::data_block, s, kGood, 0, 0, 2)}; }, Kind::protocol},
      {"an unknown part", [](S s) { return A{ccid_reply(Answer::data_block, s, kGood, 0, 0, 9)}; },
       Kind::protocol},
      {"silence", [](S) { return A{}; }, Kind::timeout},
  };
}

// SPEC SEC-3: whatever the reader answers, and the next sequence works.
TEST(CcidCard, EveryAnswerHasItsReadingAndTheNextSequenceWorks) {
  for (const auto& row : rows()) {
    SCOPED_TRACE(row.name);
    Slot slot;
    ASSERT_TRUE(slot.card->begin(soon()));
    slot.reader->script = [&](const CcidCommand& command) {
      slot.reader->script = nullptr;
      return row.answers(command.sequence);
    };
    const auto* kind = std::get_if<Kind>(&row.expected);
    const bool waits = kind && *kind == Kind::timeout;
    const auto outcome = slot.card->transmit(kApdu, waits ? in(30ms) : soon());
    if (kind) {
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind, *kind) << outcome.error().detail;
    } else {
      ASSERT_TRUE(outcome) << outcome.error().detail;
      EXPECT_EQ(*outcome, std::get<Bytes>(row.expected));
    }
    slot.card->end();
    EXPECT_FALSE(slot.reader->claimed);
    const auto limits = slot.card->begin(soon());
    ASSERT_TRUE(limits) << limits.error().detail;
    EXPECT_EQ(slot.card->transmit(pattern(20), soon()).value(), with_status(pattern(20)));
  }
}

/// Each way a script reader can hand over a response in parts.
FakeReader::Script in_parts(std::vector<Bytes> parts, std::vector<std::uint8_t> chain) {
  return [=, at = std::size_t{0}](const CcidCommand& command) mutable -> FakeReader::Answers {
    if (command.type != Command::xfr_block) return {};
    const auto i = std::min(at++, parts.size() - 1);
    EXPECT_EQ(command.level, at == 1 ? 0x00 : 0x10);
    return FakeReader::Answers{
        ccid_reply(Answer::data_block, command.sequence, parts[i], 0, 0, chain[i])};
  };
}

TEST(CcidCard, ALongResponseIsTakenInParts) {
  Slot slot;
  ASSERT_TRUE(slot.card->begin(soon()));
  const auto whole = with_status(pattern(6500));
  const auto part = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    return Bytes(whole.begin() + from, whole.begin() + to);
  };
  slot.reader->script = in_parts({part(0, 3000), part(3000, 6000), part(6000, 6502)}, {1, 3, 2});
  EXPECT_EQ(slot.card->transmit(kApdu, soon()).value(), whole);
}

struct EndlessRow {
  std::string name;
  Bytes part;
};

// SPEC SEC-3
TEST(CcidCard, AResponseInPartsWithoutEndIsGivenUp) {
  for (const auto& row : {EndlessRow{"empty parts", {}}, EndlessRow{"long parts", Bytes(3000)}}) {
    Slot slot;
    ASSERT_TRUE(slot.card->begin(soon()));
    slot.reader->script = in_parts({Bytes(3000), row.part}, {1, 3});
    EXPECT_EQ(slot.card->transmit(kApdu, soon()).error().kind, Kind::protocol) << row.name;
    EXPECT_LE(slot.reader->commands.size(), 30U) << row.name;
  }
}

TEST(CcidCard, ALongCommandIsSentInPartsThatFitTheReader) {
  Slot slot(ccid_descriptor(kExtendedLevel, 266));
  ASSERT_TRUE(slot.card->begin(soon()));
  Bytes taken;
  std::vector<int> levels;
  slot.reader->script = [&](const CcidCommand& command) {
    taken.insert(taken.end(), command.data.begin(), command.data.end());
    levels.push_back(command.level);
    const bool more = command.level == 1 || command.level == 3;
    return FakeReader::Answers{ccid_reply(Answer::data_block, command.sequence,
                                          more ? Bytes{} : Bytes{0x90, 0x00}, 0, 0,
                                          more ? 0x10 : 0x00)};
  };
  EXPECT_EQ(slot.card->transmit(pattern(600), soon()).value(), (Bytes{0x90, 0x00}));
  EXPECT_EQ(taken, pattern(600));
  EXPECT_EQ(levels, (std::vector{1, 3, 2}));
  EXPECT_LE(slot.reader->longest, 266U);
}

struct SizeRow {
  std::uint32_t features;
  std::uint32_t max_message;
  std::size_t command;
  std::size_t messages;  ///< XfrBlocks; 0: refused
};

// Never a message longer than the reader's longest; one that fills a packet exactly is one
// transfer.
TEST(CcidCard, MessagesKeepToTheReadersLongest) {
  for (const auto& row :
       {SizeRow{kExtendedLevel, 3072, 54, 1}, SizeRow{kExtendedLevel, 3072, 3062, 1},
        SizeRow{kShortLevel, 271, 261, 1}, SizeRow{kShortLevel, 271, 262, 0},
        SizeRow{kShortLevel, 100, 91, 0}, SizeRow{kExtendedLevel, 3072, 65'545, 0}}) {
    Slot slot(ccid_descriptor(row.features, row.max_message));
    ASSERT_TRUE(slot.card->begin(soon()));
    const auto before = slot.reader->commands.size();
    slot.reader->script = [](const CcidCommand& command) {
      return FakeReader::Answers{
          ccid_reply(Answer::data_block, command.sequence, Bytes{0x90, 0x00})};
    };
    const auto outcome = slot.card->transmit(pattern(row.command), soon());
    EXPECT_EQ(outcome.has_value(), row.messages != 0) << row.command;
    EXPECT_EQ(slot.reader->commands.size() - before, row.messages) << row.command;
    EXPECT_LE(slot.reader->longest, row.max_message);
  }
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
  slot.card->end();
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
    slot.card->end();
    EXPECT_EQ(slot.card->begin(soon()).error().kind, Kind::gone);
  }
}

}  // namespace
}  // namespace latchkey::test
