#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/net/http.h"
#include "core/pool/lease.h"

namespace latchkey {

/// Body of PUT /v1/consumers/{id}/usage.
struct UsageStatement {
  std::vector<UsageItem> usage;  ///< no pool twice
  std::uint32_t ttl_s = kDefaultTtl;
  std::string request;  ///< request id; empty: none
  std::string token;    ///< of an earlier answer; empty: none
};

/// What the consumer routes need of the agent (SPEC POOL-3…8). Changes answer when they are
/// durable. Every `consumer` is an is_consumer_id(). Reactor thread only.
class Consumers {
 public:
  virtual ~Consumers() = default;
  virtual void state_usage(const net::Caller& caller, const std::string& consumer,
                           const UsageStatement& statement, net::Done done) = 0;
  /// `token`: of an earlier answer, to bring the lease back if it is not known; may be empty.
  virtual void heartbeat(const net::Caller& caller, const std::string& consumer,
                         const std::string& token, net::Done done) = 0;
  virtual void release(const net::Caller& caller, const std::string& consumer, net::Done done) = 0;
  /// `after`: cursor from an earlier answer, 0: from the start. Only the caller's own unless it may
  /// view.
  virtual net::Response list(const net::Caller& caller, std::uint64_t after, std::size_t limit) = 0;
  virtual net::Response show(const net::Caller& caller, const std::string& consumer) = 0;
  /// SPEC POOL-7.
  virtual void force_release(const net::Caller& caller, const std::string& consumer,
                             const std::string& reason, net::Done done) = 0;
  /// SPEC POOL-8; empty terms remove them.
  virtual void set_terms(const net::Caller& caller, const std::string& consumer,
                         ConsumerTerms terms, net::Done done) = 0;
  /// Which node keeps the leases (SPEC SRV-4).
  virtual net::Response holder() = 0;
  /// This node keeps them from now on; `force`: although the other one cannot be asked for them.
  virtual void take_over(const net::Caller& caller, bool force, net::Done done) = 0;
};

}  // namespace latchkey
