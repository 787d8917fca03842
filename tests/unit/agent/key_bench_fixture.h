#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/keys/key_bench.h"
#include "tests/support/fake_driver.h"
#include "tests/support/manual_reactor.h"

namespace latchkey {

using namespace std::chrono_literals;

inline KeyResult<ReadResult> read_fake(Key& key) {
  const auto bytes = key.public_key({});
  if (bytes) return ReadResult{};
  if (const auto reading = failed_reading(bytes.error())) return ReadResult{*reading, {}};
  return tl::make_unexpected(bytes.error());
}

class Recorder final : public KeyListener {
 public:
  void on_key_read(const DeviceRef& device, ReadResult result,
                   const std::optional<Timing>& timing) override {
    const auto& fault = result.reading.fault;
    events.push_back(device.port + (fault ? " " + std::string(to_string(*fault)) : " works"));
    timed = timing.has_value();
  }
  void on_key_gone(const std::string& port, const std::optional<Timing>& timing) override {
    events.push_back(port + (timing ? " gone" : " empty"));
  }
  void on_reading_changed() override { ++reading_changes; }
  void on_without_key_changed() override { ++empty_changes; }

  std::vector<std::string> events;
  bool timed = false;
  int reading_changes = 0;
  int empty_changes = 0;
};

class KeyBenchTest : public testing::Test {
 protected:
  KeyBenchTest() {
    std::vector<std::unique_ptr<KeyDriver>> drivers;
    drivers.push_back(std::make_unique<test::FakeDriver>(script_));
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
  int count(int test::FakeDriver::Script::*member) {
    const std::lock_guard lock(script_->mutex);
    return (*script_).*member;
  }
  bool wait_for_events(std::size_t n) {
    return reactor_.run_until([&] { return recorder_.events.size() >= n; });
  }
  /// Until no worker is busy and what they answered has been taken in.
  bool settle() {
    return reactor_.run_until([&] { return reactor_.idle(); });
  }
  void rescan_and_wait() {
    bench_->rescan();
    ASSERT_TRUE(settle());
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
  std::shared_ptr<test::FakeDriver::Script> script_ = std::make_shared<test::FakeDriver::Script>();
  std::unique_ptr<KeyBench> bench_;
};

}  // namespace latchkey
