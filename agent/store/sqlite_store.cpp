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
    auto group = std::make_shared<Group>();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      group->jobs.swap(queue_);
    }
    carry_out(*group);
    reactor_.post([group, self = std::weak_ptr(self_)] {
      if (const auto store = self.lock()) (*store)->count(*group);
      for (auto& job : group->jobs)
        if (!self.expired()) job.answer();
    });
  }
}

void SqliteStore::carry_out(Group& group) {
  std::vector<const Write*> writes;
  for (const auto& job : group.jobs)
    if (!job.verified) writes.push_back(&job.write);
  const auto outcome = writes.empty() ? Result<void>() : write(writes, group);
  for (auto& job : group.jobs) {
    // One bad write must not take its neighbours down.
    const auto* alone = &job.write;
    if (job.verified)
      job.report = database_->verify();
    else
      job.outcome = outcome || writes.size() == 1 ? outcome : write({&alone, 1}, group);
  }
}

Result<void> SqliteStore::write(std::span<const Write* const> writes, Group& group) {
  const auto begin = std::chrono::steady_clock::now();
  auto outcome = database_->write(writes);
  group.commits.push_back({outcome.has_value(), std::chrono::steady_clock::now() - begin});
  return outcome;
}

void SqliteStore::count(const Group& group) {
  for (const auto& commit : group.commits) commits_.add(commit.done, commit.took);
}

}  // namespace latchkey
