#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/reactor/reactor.h"
#include "agent/store/commit_figures.h"
#include "agent/store/database.h"

namespace latchkey {

/// The store thread. Everything asked for in one turn of the reactor shares one transaction (group
/// commit), and so does everything that was asked for while the previous one ran; the answers come
/// back on the reactor, in order.
class SqliteStore final : public FactStore {
 public:
  SqliteStore(Reactor& reactor, std::unique_ptr<Database> database);
  /// Writes what was asked for, then ends the thread. No `done` runs any more.
  ~SqliteStore() override;

  void append(Batch batch, Done done) override;
  void switch_chain(ChainSwitch change, Batch batch, Done done) override;
  void append_leases(LeaseRow row, Done done) override;
  void keep_clock(std::string memory, Done done) override;
  void verify(Verified done) override;

  const CommitFigures& commits() const { return commits_; }  ///< reactor thread

 private:
  struct Job {
    Write write;
    Done done;
    Verified verified;  ///< instead of `write` and `done`
    Result<void> outcome;
    Result<StoreReport> report;

    void answer() {
      if (verified)
        verified(std::move(report));
      else
        done(std::move(outcome));
    }
  };
  using Jobs = std::vector<Job>;
  /// Those that share a transaction, and what the disk did with it.
  struct Group {
    struct Commit {
      bool done;
      DurationHistogram::Span took;
    };
    Jobs jobs;
    std::vector<Commit> commits;  ///< one, but when it was refused and its parts were tried
  };

  void add(Job job);
  void hand_over();
  void run();
  void carry_out(Group& group);
  Result<void> write(std::span<const Write* const> writes, Group& group);
  void count(const Group& group);

  Reactor& reactor_;
  std::unique_ptr<Database> database_;
  Jobs turn_;  ///< asked for in this turn of the reactor
  CommitFigures commits_;
  std::shared_ptr<SqliteStore*> self_ = std::make_shared<SqliteStore*>(this);

  std::mutex mutex_;
  std::condition_variable wake_;
  Jobs queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace latchkey
