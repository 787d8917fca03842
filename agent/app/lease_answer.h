#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/net/http.h"
#include "core/base/time.h"
#include "core/pool/lease_ledger.h"

namespace latchkey {

/// Body of PUT /v1/consumers/{id}/usage: written as it is read, without a document in between.
/// Every name in it is of letters, digits and `.-_:`.
net::Response lease_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires,
                           const std::string& token);
/// Body of POST /v1/consumers/{id}/heartbeat.
net::Response heartbeat_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires);

/// When a lease ends, and what is known of its past (SPEC POOL-7).
struct LeaseTimes {
  Time expires;
  Time since;                 ///< it holds what it holds
  std::optional<Time> heard;  ///< its consumer, last; none: not in this run of the agent
};

/// Body of GET /v1/consumers/{id}; `terms`: null when none are set.
net::Response consumer_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot,
                              const LeaseTimes& times, const ConsumerTerms* terms);
/// Body of GET /v1/consumers.
class ConsumerPage {
 public:
  void add(const LeaseLedger& ledger, LeaseLedger::Slot slot, const LeaseTimes& times);
  std::size_t size() const { return size_; }
  /// `next`: where to go on; 0: there is no more.
  net::Response answer(std::uint64_t next) &&;

 private:
  std::string body_ = R"({"consumers":[)";
  std::size_t size_ = 0;
};
nlohmann::json quantities_json(const Quantities& quantities);
nlohmann::json terms_json(const ConsumerTerms& terms);
/// What a refusal says of a pool: `total`, `used`, `available` (SPEC POOL-5).
nlohmann::json figures_json(const PoolAccounts& accounts, const PoolId& pool);

}  // namespace latchkey
