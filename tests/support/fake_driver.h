#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/ports.h"

namespace latchkey::test {

/// A driver whose keys do what the test says; `public_key` stands for a whole reading. Any thread.
class FakeDriver final : public KeyDriver {
 public:
  struct Script {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<KeyError> open_error;
    std::optional<KeyError> read_error;
    std::optional<KeyError> check_error;
    bool hang = false;  ///< a read blocks until cancelled
    bool deaf = false;  ///< … and does not even notice that
    int opens = 0, reads = 0, waiting = 0, checks = 0, cancelled = 0;
  };

  explicit FakeDriver(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  std::string_view name() const override { return "fake"; }

  KeyResult<std::unique_ptr<Key>> open(const DeviceRef&) override {
    const std::lock_guard lock(script_->mutex);
    ++script_->opens;
    if (script_->open_error) return tl::make_unexpected(*script_->open_error);
    return std::make_unique<FakeKey>(script_);
  }

 private:
  class FakeKey final : public Key {
   public:
    explicit FakeKey(std::shared_ptr<Script> script) : script_(std::move(script)) {}
    KeyResult<Bytes> public_key(Deadline) override {
      std::unique_lock lock(script_->mutex);
      ++script_->reads;
      ++script_->waiting;
      script_->changed.wait(lock, [this] {
        return (!script_->hang && !script_->deaf) || (cancelled_ && !script_->deaf);
      });
      --script_->waiting;
      if (cancelled_) return tl::make_unexpected(KeyError{KeyError::Kind::gone, "cancelled"});
      if (script_->read_error) return tl::make_unexpected(*script_->read_error);
      return Bytes{1};
    }
    KeyResult<Bytes> prove(ByteView, Deadline) override { return Bytes{}; }
    KeyResult<Bytes> read_license(Deadline) override { return Bytes{}; }
    KeyResult<void> write_license(ByteView, Deadline) override { return {}; }
    KeyResult<Bytes> read_stamp(Deadline) override { return Bytes{}; }
    KeyResult<void> write_stamp(ByteView, Deadline) override { return {}; }
    KeyResult<void> check_present(Deadline) override {
      const std::lock_guard lock(script_->mutex);
      ++script_->checks;
      if (script_->check_error) return tl::make_unexpected(*script_->check_error);
      return {};
    }
    void cancel() noexcept override {
      const std::lock_guard lock(script_->mutex);
      cancelled_ = true;
      ++script_->cancelled;
      script_->changed.notify_all();
    }

   private:
    std::shared_ptr<Script> script_;
    bool cancelled_ = false;
  };

  std::shared_ptr<Script> script_;
};

}  // namespace latchkey::test
