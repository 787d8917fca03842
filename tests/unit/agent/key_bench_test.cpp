#include "agent/keys/key_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_driver.h"
#include "tests/support/manual_reactor.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using test::FakeDriver;
using testing::ElementsAre;
using testing::IsEmpty;

std::optional<ReadResult> read_fake(Key& key) {
  const auto bytes = key.public_key({});
  if (bytes) return ReadResult{};
  if (const auto reading = failed_reading(bytes.error())) return ReadResult{*reading, {}};
  return std::nullopt;
}

class Recorder final : public KeyListener {
 public:
  void on_key_read(const DeviceRef& device, ReadResult result,
                   const std::optional<Timing>& timing) override {
    const auto& fault = result.reading.fault;
    events.push_back(device.port + (fault ? " " + std::string(to_string(*fault)) : " works"));
    timed = timing.has_value();
  }
  void on_key_gone(const std::string& port, const Timing&) override {
    events.push_back(port + " gone");
  }
  void on_reading_changed() override { ++reading_changes; }

  std::vector<std::string> events;
  bool timed = false;
  int reading_changes = 0;
};

class KeyBenchTest : public testing::Test {
 protected:
  KeyBenchTest() {
    std::vector<std::unique_ptr<KeyDriver>> drivers;
    drivers.push_back(std::make_unique<FakeDriver>(script_));
    bench_ = std::make_unique<KeyBench>(reactor_, recorder_,
                                        std::make_shared<DriverRegistry>(std::move(drivers)),
                                        &read_fake, BenchPolicy{{50ms, 150ms}, 20s});
  }
  ~KeyBenchTest() override {
    set([](auto& script) { script.hang = script.deaf = false; });
    EXPECT_TRUE(bench_->stop(5s));
  }
  static DeviceRef device(std::string port) {
    return {std::move(port), "/dev/hidraw9", "fake", false};
  }
  template <class Change>
  void set(Change change) {
    const std::lock_guard lock(script_->mutex);
    change(*script_);
    script_->changed.notify_all();
  }
  int count(int FakeDriver::Script::*member) {
    const std::lock_guard lock(script_->mutex);
    return (*script_).*member;
  }
  bool wait_for_events(std::size_t n) {
    return reactor_.run_until([&] { return recorder_.events.size() >= n; });
  }
  /// As wait_for_events, while the virtual clock runs too, so that retries fall due.
  bool wait_through_retries(std::size_t n) {
    for (int i = 0; i < 5000 && recorder_.events.size() < n; ++i) {
      std::this_thread::sleep_for(1ms);
      reactor_.advance(10ms);
    }
    return recorder_.events.size() >= n;
  }

  test::ManualReactor reactor_;
  Recorder recorder_;
  std::shared_ptr<FakeDriver::Script> script_ = std::make_shared<FakeDriver::Script>();
  std::unique_ptr<KeyBench> bench_;
};

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
  bench_->retry_failed();
  ASSERT_TRUE(wait_for_events(2));
  EXPECT_EQ(recorder_.events.back(), "1 works");
  bench_->retry_failed();
  EXPECT_FALSE(bench_->reading()) << "a key that works is left alone";
}

}  // namespace
}  // namespace latchkey
