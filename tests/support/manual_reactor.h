#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "agent/reactor/reactor.h"

namespace latchkey::test {

/// A reactor that the test steps by hand, with a virtual clock for its alarms.
class ManualReactor final : public Reactor {
 public:
  using Millis = std::chrono::milliseconds;
  static constexpr std::chrono::seconds kPatience{5};

  void post(std::function<void()> call) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    posted_.notify_all();
  }
  std::unique_ptr<Alarm> alarm() override { return std::make_unique<ManualAlarm>(*this); }

  /// Runs what is posted, and what that posts; returns how many calls ran.
  int run_posted() {
    int count = 0;
    while (auto call = next()) {
      call();
      ++count;
    }
    return count;
  }
  /// Waits for the next posted call and runs it; false when none came within five real seconds.
  bool run_next() {
    {
      std::unique_lock lock(mutex_);
      if (!posted_.wait_for(lock, kPatience, [this] { return !calls_.empty(); })) return false;
    }
    return run_posted() > 0;
  }
  /// Runs posted calls until `done()`; false when it did not come true within five real seconds.
  template <class Predicate>
  bool run_until(Predicate done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      run_posted();
      if (done()) return true;
      std::unique_lock lock(mutex_);
      if (!posted_.wait_until(lock, end, [this] { return !calls_.empty(); })) return false;
    }
  }
  /// Moves the virtual clock and runs the alarms that fall due, in order.
  void advance(Millis by) {
    const Millis end = now_ + by;
    run_posted();
    while (!alarms_.empty() && alarms_.begin()->first <= end) {
      auto node = alarms_.extract(alarms_.begin());
      now_ = node.key();
      auto call = std::move(node.mapped().second);
      call();
      run_posted();
    }
    now_ = end;
  }
  bool idle() const { return alarms_.empty(); }

 private:
  class ManualAlarm final : public Alarm {
   public:
    explicit ManualAlarm(ManualReactor& reactor) : reactor_(reactor) {}
    ~ManualAlarm() override { drop(); }
    void set(Millis after, std::function<void()> call) override {
      drop();
      reactor_.alarms_.emplace(reactor_.now_ + after, std::pair(this, std::move(call)));
    }
    void cancel() override { drop(); }

   private:
    void drop() {
      std::erase_if(reactor_.alarms_,
                    [this](const auto& entry) { return entry.second.first == this; });
    }
    ManualReactor& reactor_;
  };

  std::function<void()> next() {
    const std::lock_guard lock(mutex_);
    if (calls_.empty()) return {};
    auto call = std::move(calls_.front());
    calls_.pop_front();
    return call;
  }

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> calls_;
  Millis now_{0};
  std::multimap<Millis, std::pair<Alarm*, std::function<void()>>> alarms_;
};

}  // namespace latchkey::test
