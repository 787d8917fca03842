#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "agent/reactor/reactor.h"

namespace latchkey {

/// One thread for work that is too long for the reactor (DESIGN 4), one piece after the other, in
/// the order of asking.
class WorkThread {
 public:
  /// Runs on the thread; a long piece ends early when it is asked to stop, its result is not asked
  /// for then. Touches nothing that the reactor owns.
  using Work = std::function<void(const std::stop_token&)>;

  explicit WorkThread(Reactor& reactor);
  /// Asks the running piece to stop and waits for it; no `done` runs any more.
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  /// Reactor thread. `done` runs on the reactor when `work` has ended.
  void run(Work work, std::function<void()> done);

 private:
  struct Piece {
    Work work;
    std::function<void()> done;
  };
  void loop(const std::stop_token& stop);

  Reactor& reactor_;
  std::shared_ptr<WorkThread*> self_ = std::make_shared<WorkThread*>(this);
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Piece> pieces_;
  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace latchkey
