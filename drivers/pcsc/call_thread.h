#pragma once

#include <functional>
#include <memory>

#include "core/ports.h"

namespace latchkey::pcsc {

/// A thread for calls that block for as long as they like and cannot be interrupted, as those of
/// PC/SC. Its user waits for a job until a deadline and then leaves it alone: a job keeps alive
/// what it uses. Jobs run one after another, in the order of posting.
class CallThread {
 public:
  enum class Outcome {
    done,
    late,         ///< the deadline passed; the job goes on
    not_started,  ///< the deadline passed before its turn; it never runs
    cancelled     ///< by cancel(); what has started goes on
  };

  CallThread();
  /// Waits a moment for the jobs that are posted, then leaves them to the thread.
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  Outcome run(std::function<void()> job, Deadline deadline);
  void post(std::function<void()> job);
  /// From any thread: ends the running and every later run().
  void cancel() noexcept;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace latchkey::pcsc
