#include "agent/keys/key_worker.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "agent/keys/metered_key.h"

namespace latchkey {

namespace {

/// Presence is one exchange with the reader, if any.
constexpr std::chrono::seconds kCheckDeadline{3};

}  // namespace

struct WorkerCensus::State {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
};

WorkerCensus::WorkerCensus() : state_(std::make_unique<State>()) {}
WorkerCensus::~WorkerCensus() = default;

void WorkerCensus::enter() {
  const std::lock_guard lock(state_->mutex);
  ++state_->running;
}

void WorkerCensus::leave() {
  const std::lock_guard lock(state_->mutex);
  --state_->running;
  state_->changed.notify_all();
}

bool WorkerCensus::wait_empty(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit, [this] { return state_->running == 0; });
}

/// Outlives the KeyWorker as long as its thread runs.
struct KeyWorker::Shared : std::enable_shared_from_this<Shared> {
  using Task = std::function<void(Shared&)>;

  Shared(Reactor& r, std::shared_ptr<KeyDriver> d, DeviceRef ref, KeyReader read)
      : reactor(r), driver(std::move(d)), device(std::move(ref)), reader(std::move(read)) {}

  void run() {
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return abandoned || !tasks.empty(); });
        if (abandoned) break;
        task = std::move(tasks.front());
        tasks.pop_front();
      }
      task(*this);
    }
    close();
  }

  void add(Task task) {
    {
      const std::lock_guard lock(mutex);
      ++asked;
      tasks.push_back(std::move(task));
    }
    wake.notify_one();
  }

  void abandon() {
    {
      const std::lock_guard lock(mutex);
      abandoned = true;
      if (key) key->cancel();
    }
    wake.notify_one();
  }

  /// Posts under the lock: once abandon() has returned, the reactor is not touched any more, and
  /// what was posted before does nothing.
  void answer(std::function<void()> call) {
    const std::lock_guard lock(mutex);
    --asked;
    if (abandoned) return;
    reactor.post([self = shared_from_this(), call = std::move(call)] {
      if (!self->abandoned) call();
    });
  }

  /// The opened key; opening costs 50 ms in the kernel, so it is kept.
  KeyResult<std::shared_ptr<MeteredKey>> opened(std::chrono::nanoseconds& device_time) {
    if (key) return key;
    const auto start = MeteredKey::Clock::now();
    auto fresh = driver->open(device);
    device_time += MeteredKey::Clock::now() - start;
    if (!fresh) return tl::make_unexpected(fresh.error());
    const std::lock_guard lock(mutex);
    if (abandoned) return tl::make_unexpected(KeyError{KeyError::Kind::gone, "abandoned"});
    key = std::make_shared<MeteredKey>(std::move(*fresh));
    return key;
  }

  void close() {
    std::shared_ptr<MeteredKey> closing;
    const std::lock_guard lock(mutex);
    closing.swap(key);
  }

  WorkerReport read_once() {
    WorkerReport report;
    auto open_key = opened(report.device_time);
    if (!open_key) {
      report.outcome = tl::make_unexpected(open_key.error());
      return report;
    }
    report.outcome = reader(**open_key);
    report.device_time += (*open_key)->take_time();
    // The next try starts from a fresh open: whatever broke this one may be in the handle.
    if (!report.outcome) close();
    return report;
  }

  KeyResult<void> with_key(const std::function<KeyResult<void>(Key&)>& call) {
    std::chrono::nanoseconds unused{};
    const auto open_key = opened(unused);
    if (!open_key) return tl::make_unexpected(open_key.error());
    return call(**open_key);
  }

  Reactor& reactor;
  const std::shared_ptr<KeyDriver> driver;
  const DeviceRef device;
  const KeyReader reader;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> tasks;
  std::atomic<int> asked = 0;           ///< tasks that have not answered
  std::atomic<bool> abandoned = false;  ///< set on the reactor only
  std::shared_ptr<MeteredKey> key;      ///< set and reset by the worker, under the mutex
};

KeyWorker::KeyWorker(Reactor& reactor, std::shared_ptr<KeyDriver> driver, DeviceRef device,
                     KeyReader reader, std::shared_ptr<WorkerCensus> census)
    : shared_(std::make_shared<Shared>(reactor, std::move(driver), std::move(device),
                                       std::move(reader))) {
  census->enter();
  // Detached: a hung driver call must not hang anybody who waits for this thread.
  std::thread([shared = shared_, census = std::move(census)]() mutable {
    shared->run();
    shared.reset();
    census->leave();
  }).detach();
}

KeyWorker::~KeyWorker() { shared_->abandon(); }

void KeyWorker::read(std::function<void(WorkerReport)> done) {
  shared_->add([done = std::move(done)](Shared& shared) {
    auto report = std::make_shared<WorkerReport>(shared.read_once());
    shared.answer([done, report] { done(std::move(*report)); });
  });
}

void KeyWorker::with_key(std::function<KeyResult<void>(Key&)> task,
                         std::function<void(KeyResult<void>)> done) {
  shared_->add([task = std::move(task), done = std::move(done)](Shared& shared) {
    shared.answer([done, result = shared.with_key(task)] { done(result); });
  });
}

void KeyWorker::check(std::function<void(KeyResult<void>)> done) {
  shared_->add([done = std::move(done)](Shared& shared) {
    auto result = shared.with_key(
        [](Key& key) { return key.check_present(MeteredKey::Clock::now() + kCheckDeadline); });
    if (!result) shared.close();
    shared.answer([done, result] { done(result); });
  });
}

bool KeyWorker::busy() const { return shared_->asked > 0; }

}  // namespace latchkey
