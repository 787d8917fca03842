#pragma once

#include <deque>
#include <map>

#include "agent/reactor/reactor.h"
#include "core/base/time.h"

namespace latchkey::simulation {

/// One boot of a virtual machine: alarms by true time, and nothing happens unless somebody steps
/// it.
class VirtualReactor final : public Reactor {
 public:
  explicit VirtualReactor(Time now) : now_(now) {}

  Time now() const { return now_; }
  void post(std::function<void()> call) override { calls_.push_back(std::move(call)); }
  std::unique_ptr<Alarm> alarm() override { return std::make_unique<VirtualAlarm>(*this); }

  /// False when nothing was posted.
  bool run_posted() {
    if (calls_.empty()) return false;
    const auto call = std::move(calls_.front());
    calls_.pop_front();
    call();
    return true;
  }
  std::optional<Time> next_alarm() const {
    return alarms_.empty() ? std::nullopt : std::optional(alarms_.begin()->first);
  }
  /// Lets time pass until `to` and calls what is due by then, up to the first alarm; the caller
  /// repeats.
  void advance(Time to) {
    if (alarms_.empty() || alarms_.begin()->first > to) {
      now_ = std::max(now_, to);
      return;
    }
    const auto due = alarms_.extract(alarms_.begin());
    now_ = std::max(now_, due.key());
    due.mapped().second();
  }

 private:
  using Alarms = std::multimap<Time, std::pair<Alarm*, std::function<void()>>>;

  class VirtualAlarm final : public Alarm {
   public:
    explicit VirtualAlarm(VirtualReactor& reactor) : reactor_(reactor) {}
    ~VirtualAlarm() override { cancel(); }
    void set(std::chrono::milliseconds after, std::function<void()> call) override {
      cancel();
      reactor_.alarms_.emplace(reactor_.now_ + after, std::pair(this, std::move(call)));
    }
    void cancel() override {
      std::erase_if(reactor_.alarms_,
                    [this](const auto& entry) { return entry.second.first == this; });
    }

   private:
    VirtualReactor& reactor_;
  };

  Time now_;
  std::deque<std::function<void()>> calls_;
  Alarms alarms_;
};

}  // namespace latchkey::simulation
