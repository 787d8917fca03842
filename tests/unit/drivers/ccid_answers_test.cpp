#include <gtest/gtest.h>

#include <variant>

#include "tests/unit/drivers/ccid_slot.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using ccid::Answer;
using ccid::Command;
using Kind = KeyError::Kind;

struct Row {
  std::string name;
  /// What arrives for the first XfrBlock; the later ones are obeyed.
  std::function<FakeReader::Answers(std::uint8_t sequence)> answers;
  std::variant<Bytes, Kind> expected;
};

using Sequence = std::uint8_t;
using Answers = FakeReader::Answers;

Bytes block(Sequence sequence, std::uint8_t status = 0, std::uint8_t error = 0,
            std::uint8_t chain = 0) {
  return ccid_reply(Answer::data_block, sequence, kGood, status, error, chain);
}

/// A good answer with a flaw.
std::function<Answers(Sequence)> spoiled(void (*spoil)(Bytes&)) {
  return [spoil](Sequence sequence) {
    auto message = block(sequence);
    spoil(message);
    return Answers{message};
  };
}

std::vector<Row> answers_that_work() {
  return {
      {"time extensions, then the answer",
       [](Sequence s) {
         return Answers{block(s, 0x80, 1), block(s, 0x80, 1), block(s)};
       },
       kGood},
      {"an error code on success", [](Sequence s) { return Answers{block(s, 0, 0x81)}; }, kGood},
      {"a stale answer first",
       [](Sequence s) {
         return Answers{block(Sequence(s - 1)), block(s)};
       },
       kGood},
      {"another slot's answer first",
       [](Sequence s) {
         auto other = block(s);
         other[5] = 1;
         return Answers{other, block(s)};
       },
       kGood},
      {"an empty transfer first",
       [](Sequence s) {
         return Answers{Bytes{}, block(s)};
       },
       kGood},
      {"bytes beyond the length", spoiled([](Bytes& m) { m.push_back(1); }), kGood},
  };
}

std::vector<Row> answers_that_fail() {
  return {
      {"time extensions without end", [](Sequence s) { return Answers(3, block(s, 0x80, 1)); },
       Kind::timeout},
      {"stale answers only", [](Sequence s) { return Answers(40, block(Sequence(s + 1))); },
       Kind::timeout},
      {"a header cut short", spoiled([](Bytes& m) { m.resize(9); }), Kind::protocol},
      {"a length beyond the message", spoiled([](Bytes& m) { m[1]++; }), Kind::protocol},
      {"a length of 4 GiB", spoiled([](Bytes& m) { m[4] = 0xFF; }), Kind::protocol},
      {"another type", spoiled([](Bytes& m) { m[0] = 0x82; }), Kind::protocol},
      {"the type of a command", spoiled([](Bytes& m) { m[0] = 0x6F; }), Kind::protocol},
      {"a plain status on success", spoiled([](Bytes& m) { m[0] = 0x81; }), Kind::protocol},
      {"more than the reader's longest",
       [](Sequence s) { return Answers{ccid_reply(Answer::data_block, s, Bytes(3063))}; },
       Kind::protocol},
      {"a response of one byte",
       [](Sequence s) { return Answers{ccid_reply(Answer::data_block, s, Bytes(1))}; },
       Kind::protocol},
      {"the card left", [](Sequence s) { return Answers{block(s, 0x42, 0xFE)}; }, Kind::gone},
      {"the card went mute", [](Sequence s) { return Answers{block(s, 0x40, 0xFE)}; },
       Kind::protocol},
      {"a refusal by plain status",
       [](Sequence s) { return Answers{ccid_reply(Answer::slot_status, s, {}, 0x40, 0)}; },
       Kind::protocol},
      {"the reserved status", [](Sequence s) { return Answers{block(s, 0xC0, 0)}; },
       Kind::protocol},
      {"the last part first",
       [](Sequence s) { return Answers{ccid_reply(Answer::data_block, s, kGood, 0, 0, 2)}; },
       Kind::protocol},
      {"an unknown part",
       [](Sequence s) { return Answers{ccid_reply(Answer::data_block, s, kGood, 0, 0, 9)}; },
       Kind::protocol},
      {"silence", [](Sequence) { return Answers{}; }, Kind::timeout},
  };
}

// SPEC SEC-3: whatever the reader answers, and the next sequence works.
void answer(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
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
    slot.card->end(Leave::as_is);
    EXPECT_FALSE(slot.reader->claimed);
    const auto limits = slot.card->begin(soon());
    ASSERT_TRUE(limits) << limits.error().detail;
    EXPECT_EQ(slot.card->transmit(pattern(20), soon()).value(), with_status(pattern(20)));
  }
}

TEST(CcidAnswers, WhatIsInOrderIsTaken) { answer(answers_that_work()); }

TEST(CcidAnswers, WhatIsNotHasItsReason) { answer(answers_that_fail()); }

/// Each way a script reader can hand over a response in parts.
FakeReader::Script in_parts(const std::vector<Bytes>& parts,
                            const std::vector<std::uint8_t>& chain) {
  return [=, taken = std::make_shared<std::size_t>(0)](
             const CcidCommand& command) -> FakeReader::Answers {
    if (command.type != Command::xfr_block) return {};
    EXPECT_EQ(command.level, *taken == 0 ? 0x00 : 0x10);
    const auto i = std::min((*taken)++, parts.size() - 1);
    return FakeReader::Answers{
        ccid_reply(Answer::data_block, command.sequence, parts[i], 0, 0, chain[i])};
  };
}

TEST(CcidAnswers, ALongResponseIsTakenInParts) {
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
TEST(CcidAnswers, AResponseInPartsWithoutEndIsGivenUp) {
  for (const auto& row : {EndlessRow{"empty parts", {}}, EndlessRow{"long parts", Bytes(3000)}}) {
    Slot slot;
    ASSERT_TRUE(slot.card->begin(soon()));
    slot.reader->script = in_parts({Bytes(3000), row.part}, {1, 3});
    EXPECT_EQ(slot.card->transmit(kApdu, soon()).error().kind, Kind::protocol) << row.name;
    EXPECT_LE(slot.reader->commands.size(), 30U) << row.name;
  }
}

TEST(CcidAnswers, ALongCommandIsSentInPartsThatFitTheReader) {
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
TEST(CcidAnswers, MessagesKeepToTheReadersLongest) {
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

}  // namespace
}  // namespace latchkey::test
