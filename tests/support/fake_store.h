#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "agent/store/fact_store.h"

namespace latchkey::test {

/// A store whose disk answers when the test says so.
class FakeStore final : public FactStore {
 public:
  struct Request {
    std::optional<ChainSwitch> change;
    Batch batch;
    Done done;
  };

  void append(Batch batch, Done done) override {
    requests.push_back({std::nullopt, std::move(batch), std::move(done)});
  }
  void switch_chain(ChainSwitch change, Batch batch, Done done) override {
    requests.push_back({std::move(change), std::move(batch), std::move(done)});
  }
  void keep_clock(std::string memory, Done done) override {
    clock = std::move(memory);
    done({});
  }
  void append_leases(LeaseRow row, Done done) override {
    lease_rows.push_back(std::move(row));
    lease_answers.push_back(std::move(done));
  }
  void verify(Verified done) override { done(report); }

  /// Answers the oldest request; a successful one is kept in `written`.
  void answer(Result<void> outcome = {}) {
    auto request = std::move(requests.front());
    requests.pop_front();
    if (outcome)
      for (const auto& fact : request.batch.facts) written.push_back(fact);
    request.done(std::move(outcome));
  }
  void answer_all() {
    while (!requests.empty()) answer();
  }

  /// Answers the oldest row of leases; one that failed is taken back.
  void answer_leases(Result<void> outcome = {}) {
    auto done = std::move(lease_answers.front());
    lease_answers.pop_front();
    if (!outcome) lease_rows.pop_back();
    done(std::move(outcome));
  }

  StoreReport report;
  std::vector<LeaseRow> lease_rows;
  std::deque<Done> lease_answers;
  std::deque<Request> requests;
  std::vector<EncodedFact> written;
  std::string clock;
};

}  // namespace latchkey::test
