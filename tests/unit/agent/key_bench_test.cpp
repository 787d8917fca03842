#include <gmock/gmock.h>

#include "tests/unit/agent/key_bench_fixture.h"

namespace latchkey {
namespace {

using test::FakeDriver;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(KeyBenchTest, ReadsAKeyThatIsPluggedIn) {
  bench_->added(device("1"));
  bench_->added(device("1"));
  bench_->added({"2", "/dev/x", "stranger", false});
  EXPECT_TRUE(bench_->reading());
  ASSERT_TRUE(wait_for_events(1));
  EXPECT_THAT(recorder_.events, ElementsAre("1 works"));
  EXPECT_TRUE(recorder_.timed);
  EXPECT_FALSE(bench_->reading());
  EXPECT_EQ(recorder_.reading_changes, 2);
}

// SPEC KEY-10: Refresh re-reads; the key stays open (opening costs 50 ms in the kernel).
TEST_F(KeyBenchTest, RefreshReadsAgainWithoutOpeningAgain) {
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  bench_->refresh();
  EXPECT_TRUE(bench_->reading());
  bench_->refresh();
  ASSERT_TRUE(wait_for_events(3)) << "a refresh while reading is not lost";
  EXPECT_FALSE(recorder_.timed) << "only an insertion is timed";
  EXPECT_EQ(count(&FakeDriver::Script::opens), 1);
}

// DESIGN 4: removal during an operation is normal.
TEST_F(KeyBenchTest, RemovalWhileReadingIsToldAtOnce) {
  set([](auto& script) { script.hang = true; });
  bench_->added(device("1"));
  bench_->removed("1");
  EXPECT_THAT(recorder_.events, ElementsAre("1 gone"));
  EXPECT_FALSE(bench_->reading());
  EXPECT_TRUE(bench_->stop(5s)) << "the worker was cancelled";
  reactor_.run_posted();
  EXPECT_THAT(recorder_.events, ElementsAre("1 gone")) << "a cancelled reading reports nothing";
}

// DESIGN 4: a hung key costs its own worker only.
TEST_F(KeyBenchTest, AHungKeyHurtsNobodyElse) {
  set([](auto& script) { script.deaf = true; });
  bench_->added(device("1"));
  ASSERT_TRUE([&] {
    for (int i = 0; i < 5000 && count(&FakeDriver::Script::waiting) == 0; ++i)
      std::this_thread::sleep_for(1ms);
    return count(&FakeDriver::Script::waiting) == 1;
  }());
  reactor_.advance(20s);
  EXPECT_THAT(recorder_.events, ElementsAre("1 unreadable"));
  bench_->removed("1");
  EXPECT_FALSE(bench_->stop(10ms)) << "it still hangs, and nobody waited for it";
}

// SPEC KEY-3: what stays wrong is reported, each reason by its name.
TEST_F(KeyBenchTest, ReportsAFailureAfterTheLastTry) {
  const struct {
    KeyError::Kind kind;
    const char* event;
  } cases[] = {
      {KeyError::Kind::no_permission, "1 no-permission"},
      {KeyError::Kind::busy, "1 busy"},
      {KeyError::Kind::gone, "1 unreadable"},
  };
  for (const auto& c : cases) {
    set([&](auto& script) {
      script.open_error = KeyError{c.kind, ""};
      script.opens = 0;
    });
    bench_->added(device("1"));
    ASSERT_TRUE(wait_through_retries(1));
    EXPECT_THAT(recorder_.events, ElementsAre(c.event));
    EXPECT_EQ(count(&FakeDriver::Script::opens), 3);
    bench_->removed("1");
    recorder_.events.clear();
  }
}

TEST_F(KeyBenchTest, ATransientFailureIsNoFault) {
  set([](auto& script) { script.open_error = KeyError{KeyError::Kind::no_permission, ""}; });
  bench_->added(device("1"));
  ASSERT_TRUE(reactor_.run_next());
  EXPECT_THAT(recorder_.events, IsEmpty());
  set([](auto& script) { script.open_error.reset(); });
  ASSERT_TRUE(wait_through_retries(1));
  EXPECT_THAT(recorder_.events, ElementsAre("1 works"));
}

TEST_F(KeyBenchTest, GarbageIsReportedAtOnceAndTriedAgainAtTheRescan) {
  set([](auto& script) { script.read_error = KeyError{KeyError::Kind::protocol, "garbage"}; });
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  EXPECT_THAT(recorder_.events, ElementsAre("1 unreadable"));
  set([](auto& script) { script.read_error.reset(); });
  bench_->rescan();
  EXPECT_TRUE(bench_->reading());
  ASSERT_TRUE(wait_for_events(2));
  EXPECT_EQ(recorder_.events.back(), "1 works");
  rescan_and_wait();
  EXPECT_EQ(count(&FakeDriver::Script::reads), 2) << "a key that works is not read again";
}

TEST_F(KeyBenchTest, ABusyWorkerIsNotAskedAtTheRescan) {
  set([](auto& script) { script.hang = true; });
  bench_->added(device("1"));
  for (int i = 0; i < 3; ++i) bench_->rescan();
  set([](auto& script) { script.hang = false; });
  ASSERT_TRUE(wait_for_events(1));

  set([](auto& script) { script.hang = true; });
  bool written = false;
  const auto write = [](Key& key) -> KeyResult<void> {
    LK_TRY([[maybe_unused]] const auto bytes, key.public_key({}));
    return {};
  };
  EXPECT_TRUE(bench_->with_key("1", write, [&](const auto&) { written = true; }));
  EXPECT_FALSE(bench_->with_key("2", write, [](const auto&) {})) << "nothing is plugged in there";
  bench_->rescan();
  set([](auto& script) { script.hang = false; });
  ASSERT_TRUE(reactor_.run_until([&] { return written; }));
  EXPECT_EQ(count(&FakeDriver::Script::reads), 2);
  EXPECT_EQ(count(&FakeDriver::Script::checks), 0);
}

TEST_F(KeyBenchTest, ARefreshDuringALookIsNotLost) {
  bench_->added(device("1"));
  ASSERT_TRUE(wait_for_events(1));
  bench_->rescan();
  EXPECT_FALSE(bench_->reading());
  bench_->refresh();
  EXPECT_TRUE(bench_->reading());
  ASSERT_TRUE(wait_for_events(2));
  EXPECT_FALSE(bench_->reading());
}

}  // namespace
}  // namespace latchkey
