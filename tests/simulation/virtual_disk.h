#pragma once

#include <deque>

#include "agent/store/chain_check.h"
#include "agent/store/fact_store.h"

namespace latchkey::simulation {

/// One node's database. It writes when flush() is called, one transaction a request, and promises
/// what SQLite does: all of a transaction or nothing. Holds what it is given to the hash chains.
class VirtualDisk final : public FactStore {
 public:
  void append(Batch batch, Done done) override { ask({std::nullopt, std::move(batch), {}}, done); }
  void switch_chain(ChainSwitch change, Batch batch, Done done) override {
    ask({std::move(change), std::move(batch), {}}, done);
  }
  /// Nobody consumes in the simulation.
  void append_leases(LeaseRow, Done done) override { done({}); }
  void keep_clock(std::string memory, Done done) override {
    contents_.clock = std::move(memory);
    done({});
  }
  void verify(Verified done) override { done(StoreReport{}); }

  /// Carries out the oldest request and answers it; false when there is none.
  bool flush();
  /// Nobody is answered any more. `written`: the transaction that was under way had got to the
  /// disk, though nobody will hear of it.
  void lose_power(bool written);

  const StoreContents& contents() const { return contents_; }
  /// Puts another database in its place: a backup, or a new one.
  void replace(StoreContents contents);

  bool full = false;  ///< every write fails
  /// The first thing that was written and does not continue its chain; empty: none.
  const std::string& damage() const { return damage_; }

 private:
  struct Request {
    std::optional<ChainSwitch> change;
    Batch batch;
    Done done;
  };
  void ask(Request request, Done& done) {
    request.done = std::move(done);
    requests_.push_back(std::move(request));
  }
  void write(const Request& request);
  void apply(const ChainSwitch& change);
  void follow_chains();

  std::deque<Request> requests_;
  StoreContents contents_;
  ChainCheck chains_;
  std::string damage_;
};

}  // namespace latchkey::simulation
