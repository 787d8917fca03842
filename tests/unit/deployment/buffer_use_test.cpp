#include <gtest/gtest.h>

#include "core/deployment/witness.h"

namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};

Time day(int number) { return kStart + number * kDay; }

KeyReading working(const std::string& id) {
  return {{}, id, LicenseSummary{"doc-" + id, "lic", kStart, {{kStart, day(3650)}}}, {}, ""};
}
KeyReading broken() { return {KeyFault::unreadable, "", {}, {}, "silent"}; }

/// Key X of node a was pulled on day 10: its buffer runs until day 40.
struct Bridged {
  Bridged() {
    a.start(kStart, "1");
    a.peer_joined(kStart, "b", "");
    a.key_read(kStart, "p1", "hidkey", working("X"));
    a.key_gone(day(10), "p1");
    b.merge(a.facts());
  }
  /// As both nodes see it.
  Decision at(Time now) {
    a.merge(b.facts());
    b.merge(a.facts());
    EXPECT_EQ(a.decide(now).buffer, b.decide(now).buffer);
    return a.decide(now);
  }

  Witness a{{"a", "chain-a"}}, b{{"b", "chain-b"}};
};

// SPEC BUF-7: the same key ends the use of the buffer wherever it comes back, not its history: what
// is left of it is what the next removal inherits.
TEST(BufferUse, EndsWhenTheKeyIsBack) {
  for (const bool elsewhere : {false, true}) {
    Bridged story;
    ASSERT_TRUE(story.at(day(20)).buffer);
    auto& node = elsewhere ? story.b : story.a;
    node.key_read(day(20), "p2", "hidkey", working("X"));
    const auto back = story.at(day(39));
    EXPECT_FALSE(back.buffer);
    EXPECT_TRUE(back.usable);
    EXPECT_EQ(back.history.at("X").buffer_until, day(40));
    EXPECT_TRUE(story.at(day(41)).usable) << "the key's own license counts";
    node.key_gone(day(45), "p2");
    const auto again = story.at(day(45));
    ASSERT_TRUE(again.buffer);
    EXPECT_EQ(again.buffer->until, day(40)) << "SPEC BUF-3";
    EXPECT_FALSE(again.usable);
  }
}

// SPEC BUF-7, KEY-9: another valid key cancels it for good; that key has a history of its own.
TEST(BufferUse, IsCancelledByAnotherValidKey) {
  Bridged story;
  story.b.key_read(day(20), "p2", "hidkey", working("Y"));
  EXPECT_FALSE(story.at(day(20)).buffer);
  story.b.key_gone(day(21), "p2");
  const auto after = story.at(day(22));
  ASSERT_TRUE(after.buffer);
  EXPECT_EQ(after.buffer->key_id, "Y");
  EXPECT_EQ(after.buffer->until, day(51));
  EXPECT_EQ(after.history.at("X").buffer_until, day(40));
}

// SPEC BUF-7, BUF-8, BUF-11: a key that does not work cancels nothing, and when it leaves nothing
// begins anew.
TEST(BufferUse, OutlastsAKeyThatDoesNotWork) {
  Bridged story;
  const auto before = story.at(day(19)).buffer;
  story.a.key_read(day(20), "p2", "hidkey", broken());
  const auto fault = story.at(day(20));
  EXPECT_EQ(fault.state, KeyState::fault);
  EXPECT_EQ(fault.buffer, before);
  EXPECT_TRUE(fault.usable);
  story.a.key_gone(day(21), "p2");
  EXPECT_EQ(story.at(day(22)).buffer, before);
  EXPECT_FALSE(story.at(day(40)).usable);
}

}  // namespace
}  // namespace latchkey
