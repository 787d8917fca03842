#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "core/ports.h"

namespace latchkey {

/// Adds up the time spent inside a key, so that the agent's own share of a plug can be told apart
/// from the device's.
class MeteredKey final : public Key {
 public:
  using Clock = std::chrono::steady_clock;

 private:
  template <class Call>
  auto meter(Call call) {
    const auto start = Clock::now();
    auto result = call();
    time_ += Clock::now() - start;
    return result;
  }

 public:
  explicit MeteredKey(std::unique_ptr<Key> key) : key_(std::move(key)) {}

  KeyResult<Bytes> public_key(Deadline deadline) override {
    return meter([&] { return key_->public_key(deadline); });
  }
  KeyResult<Bytes> prove(ByteView challenge, Deadline deadline) override {
    return meter([&] { return key_->prove(challenge, deadline); });
  }
  KeyResult<Bytes> read_license(Deadline deadline) override {
    return meter([&] { return key_->read_license(deadline); });
  }
  KeyResult<void> write_license(ByteView envelope, Deadline deadline) override {
    return meter([&] { return key_->write_license(envelope, deadline); });
  }
  KeyResult<Bytes> read_stamp(Deadline deadline) override {
    return meter([&] { return key_->read_stamp(deadline); });
  }
  KeyResult<void> write_stamp(ByteView stamp, Deadline deadline) override {
    return meter([&] { return key_->write_stamp(stamp, deadline); });
  }
  KeyResult<void> check_present(Deadline deadline) override {
    return meter([&] { return key_->check_present(deadline); });
  }
  void cancel() noexcept override { key_->cancel(); }

  /// Since the last call; worker thread only.
  std::chrono::nanoseconds take_time() { return std::exchange(time_, {}); }

 private:
  std::unique_ptr<Key> key_;
  std::chrono::nanoseconds time_{};
};

}  // namespace latchkey
