#include "drivers/pcsc/call_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace latchkey::pcsc {
namespace {

constexpr std::chrono::milliseconds kLeave{200};

}  // namespace

struct CallThread::Shared {
  struct Job {
    std::function<void()> call;
    enum { waiting, running, done } state = waiting;
  };

  void loop() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return closing || !jobs.empty(); });
      if (jobs.empty()) break;
      const auto job = jobs.front();
      jobs.pop_front();
      job->state = Job::running;
      lock.unlock();
      job->call();
      job->call = nullptr;  // and what it kept alive
      lock.lock();
      job->state = Job::done;
      wake.notify_all();
    }
    ended = true;
    wake.notify_all();
  }

  std::shared_ptr<Job> add(std::function<void()> call) {
    auto job = std::make_shared<Job>(Job{std::move(call), Job::waiting});
    jobs.push_back(job);
    wake.notify_all();
    return job;
  }

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> jobs;
  bool cancelled = false;
  bool closing = false;
  bool ended = false;
};

CallThread::CallThread() : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_] { shared->loop(); }).detach();
}

CallThread::~CallThread() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->wake.notify_all();
  shared_->wake.wait_for(lock, kLeave, [this] { return shared_->ended; });
}

CallThread::Outcome CallThread::run(std::function<void()> call, Deadline deadline) {
  std::unique_lock lock(shared_->mutex);
  if (shared_->cancelled) return Outcome::cancelled;
  const auto job = shared_->add(std::move(call));
  shared_->wake.wait_until(lock, deadline,
                           [&] { return shared_->cancelled || job->state == Shared::Job::done; });
  if (job->state == Shared::Job::done) return Outcome::done;
  const bool started = job->state == Shared::Job::running;
  if (!started) std::erase(shared_->jobs, job);
  if (shared_->cancelled) return Outcome::cancelled;
  return started ? Outcome::late : Outcome::not_started;
}

void CallThread::post(std::function<void()> job) {
  const std::lock_guard lock(shared_->mutex);
  shared_->add(std::move(job));
}

void CallThread::cancel() noexcept {
  const std::lock_guard lock(shared_->mutex);
  shared_->cancelled = true;
  shared_->wake.notify_all();
}

}  // namespace latchkey::pcsc
