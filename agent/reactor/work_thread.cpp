#include "agent/reactor/work_thread.h"

#include <utility>

namespace latchkey {

WorkThread::WorkThread(Reactor& reactor)
    : reactor_(reactor), thread_([this](const std::stop_token& stop) { loop(stop); }) {}

WorkThread::~WorkThread() = default;  // the jthread stops and joins

void WorkThread::run(Work work, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    pieces_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

void WorkThread::loop(const std::stop_token& stop) {
  // Looked at on the reactor alone, where this object ends.
  const std::weak_ptr alive = self_;
  for (;;) {
    Piece piece;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !pieces_.empty(); })) return;
      piece = std::move(pieces_.front());
      pieces_.pop_front();
    }
    if (stop.stop_requested()) return;
    piece.work(stop);
    piece.work = nullptr;  // what it holds belongs to this thread
    reactor_.post([alive, done = std::move(piece.done)] {
      if (!alive.expired()) done();
    });
  }
}

}  // namespace latchkey
