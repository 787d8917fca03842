#include <gmock/gmock.h>

#include "tests/unit/agent/key_bench_fixture.h"

// Cards come to and leave a reader that stays: no USB event tells.
namespace latchkey {
namespace {

using test::FakeDriver;
using testing::ElementsAre;

class CardBenchTest : public KeyBenchTest {};

// A reader without a card is no key: no reading, no tries one after the other; a look at each
// rescan.
TEST_F(CardBenchTest, AReaderWithoutACardIsNoKey) {
  const KeyError no_card{KeyError::Kind::not_a_key, "no card"};
  struct {
    const char* where;
    std::optional<KeyError> open_error, read_error;
  } const cases[] = {{"open", no_card, {}}, {"read", {}, no_card}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.where);
    recorder_ = {};
    set([&](auto& script) {
      script.opens = 0;
      script.open_error = c.open_error;
      script.read_error = c.read_error;
    });
    bench_->added(device("1"));
    ASSERT_TRUE(wait_for_events(1));
    EXPECT_THAT(recorder_.events, ElementsAre("1 empty")) << "what the facts believed of that port";
    EXPECT_TRUE(reactor_.idle()) << "no timer runs for it";
    EXPECT_EQ(recorder_.reading_changes, 2);
    for (int looks = 2; looks < 5; ++looks) {
      rescan_and_wait();
      EXPECT_EQ(count(&FakeDriver::Script::opens), looks);
    }
    EXPECT_THAT(recorder_.events, ElementsAre("1 empty")) << "told once";
    EXPECT_EQ(recorder_.reading_changes, 2) << "nobody is told of looks into an empty reader";
    EXPECT_EQ(recorder_.empty_changes, 1);
    ASSERT_EQ(bench_->without_key().size(), 1u);
    EXPECT_EQ(bench_->without_key()[0].why, "no card");

    set([](auto& script) { script.open_error = script.read_error = std::nullopt; });
    bench_->rescan();
    ASSERT_TRUE(wait_for_events(2));
    EXPECT_EQ(recorder_.events.back(), "1 works");
    EXPECT_TRUE(bench_->without_key().empty());
    EXPECT_EQ(recorder_.empty_changes, 2);
    bench_->removed("1");
    EXPECT_EQ(recorder_.events.back(), "1 gone");
  }
}

TEST_F(CardBenchTest, AnEmptyReaderIsUnpluggedInSilence) {
  set([](auto& script) { script.read_error = KeyError{KeyError::Kind::not_a_key, "no card"}; });
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  bench_->removed("1");
  EXPECT_THAT(recorder_.events, ElementsAre("1 empty"));
  EXPECT_EQ(recorder_.empty_changes, 2);
}

TEST_F(CardBenchTest, AnotherReasonIsTold) {
  set([](auto& script) { script.read_error = KeyError{KeyError::Kind::not_a_key, "no card"}; });
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  set([](auto& script) { script.read_error->detail = "no certificate"; });
  rescan_and_wait();
  EXPECT_EQ(bench_->without_key().at(0).why, "no certificate");
  EXPECT_EQ(recorder_.empty_changes, 2);
}

// A card leaves its reader without a USB event; only the rescan can tell.
TEST_F(CardBenchTest, ACardThatLeftItsReaderIsGoneAtTheRescan) {
  for (const auto kind : {KeyError::Kind::gone, KeyError::Kind::not_a_key}) {
    recorder_ = {};
    set([](auto& script) { script.opens = 0; });
    bench_->added(device("1"));
    ASSERT_TRUE(wait_for_events(1));
    set([&](auto& script) {
      script.check_error = KeyError{kind, "the card left"};
      script.read_error = KeyError{KeyError::Kind::not_a_key, "no card"};
    });
    bench_->rescan();
    ASSERT_TRUE(wait_for_events(2));
    EXPECT_THAT(recorder_.events, ElementsAre("1 works", "1 empty"));
    set([](auto& script) { script.check_error = script.read_error = std::nullopt; });
    ASSERT_TRUE(settle());
    bench_->rescan();
    ASSERT_TRUE(wait_for_events(3));
    EXPECT_THAT(recorder_.events, ElementsAre("1 works", "1 empty", "1 works"));
    bench_->removed("1");
  }
}

// SPEC KEY-11: a card that was put back is found in the same look that misses it.
TEST_F(CardBenchTest, ACardThatIsBackIsReadAtOnce) {
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  set([](auto& script) { script.check_error = KeyError{KeyError::Kind::gone, "another card"}; });
  bench_->rescan();
  ASSERT_TRUE(wait_for_events(3));
  EXPECT_THAT(recorder_.events, ElementsAre("1 works", "1 empty", "1 works"));
  EXPECT_EQ(count(&FakeDriver::Script::opens), 2) << "what was opened went with the card";
}

TEST_F(CardBenchTest, OnlyAKeyThatIsGoneFailsTheCheck) {
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  for (const auto kind :
       {KeyError::Kind::busy, KeyError::Kind::timeout, KeyError::Kind::protocol}) {
    set([&](auto& script) { script.check_error = KeyError{kind, ""}; });
    rescan_and_wait();
  }
  EXPECT_EQ(count(&FakeDriver::Script::checks), 3);
  EXPECT_THAT(recorder_.events, ElementsAre("1 works"));
}

}  // namespace
}  // namespace latchkey
