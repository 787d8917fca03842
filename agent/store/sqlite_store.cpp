#include "agent/store/sqlite_store.h"

#include <iterator>
#include <utility>

namespace latchkey {

SqliteStore::SqliteStore(Reactor& reactor, std::unique_ptr<Database> database)
    : reactor_(reactor), database_(std::move(database)), thread_([this] { run(); }) {}

SqliteStore::~SqliteStore() {
  hand_over();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SqliteStore::append(Batch batch, Done done) {
  add({{std::nullopt, std::move(batch)}, std::move(done), {}, {}, {}});
}

void SqliteStore::switch_chain(ChainSwitch change, Batch batch, Done done) {
  add({{std::move(change), std::move(batch)}, std::move(done), {}, {}, {}});
}

void SqliteStore::keep_clock(std::string memory, Done done) {
  add({{std::nullopt, {}, std::move(memory)}, std::move(done), {}, {}, {}});
}

void SqliteStore::append_leases(LeaseRow row, Done done) {
  add({{std::nullopt, {}, std::nullopt, std::move(row)}, std::move(done), {}, {}, {}});
}

void SqliteStore::verify(Verified done) { add({{}, {}, std::move(done), {}, {}}); }

void SqliteStore::add(Job job) {
  turn_.push_back(std::move(job));
  if (turn_.size() > 1) return;
  reactor_.post([self = std::weak_ptr(self_)] {
    if (const auto store = self.lock()) (*store)->hand_over();
  });
}

void SqliteStore::hand_over() {
  {
    const std::lock_guard lock(mutex_);
    std::move(turn_.begin(), turn_.end(), std::back_inserter(queue_));
  }
  turn_.clear();
  wake_.notify_one();
}

void SqliteStore::run() {
  for (;;) {
    auto jobs = std::make_shared<Jobs>();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      jobs->swap(queue_);
    }
    carry_out(*jobs);
    reactor_.post([jobs, self = std::weak_ptr(self_)] {
      for (auto& job : *jobs)
        if (!self.expired()) job.answer();
    });
  }
}

void SqliteStore::carry_out(Jobs& jobs) {
  std::vector<const Write*> writes;
  for (const auto& job : jobs)
    if (!job.verified) writes.push_back(&job.write);
  const auto outcome = writes.empty() ? Result<void>() : database_->write(writes);
  for (auto& job : jobs) {
    // One bad write must not take its neighbours down.
    const auto* write = &job.write;
    if (job.verified)
      job.report = database_->verify();
    else
      job.outcome = outcome || writes.size() == 1 ? outcome : database_->write({&write, 1});
  }
}

}  // namespace latchkey
