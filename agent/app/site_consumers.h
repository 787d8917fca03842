#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/app/lease_desk.h"

namespace latchkey {

/// The consumers of a client site (SPEC SRV-3): who asks for more than is here waits until the
/// upstream has said whether there is more. Reactor thread only.
class SiteConsumers final : public Consumers {
 public:
  struct Draw {
    std::function<bool()> connected;  ///< there is an upstream
    std::function<bool()> possible;   ///< it can be asked now, by this node
    std::function<void()> start;      ///< somebody began to wait; settle() follows
    std::function<void()> used;       ///< somebody got what was asked for
  };
  SiteConsumers(LeaseDesk& leases, Draw draw) : leases_(leases), draw_(std::move(draw)) {}

  void state_usage(const net::Caller& caller, const std::string& consumer,
                   const UsageStatement& statement, net::Done done) override;
  void heartbeat(const net::Caller& caller, const std::string& consumer, const std::string& token,
                 net::Done done) override {
    leases_.heartbeat(caller, consumer, token, std::move(done));
  }
  void release(const net::Caller& caller, const std::string& consumer, net::Done done) override {
    leases_.release(caller, consumer, std::move(done));
  }
  net::Response list(const net::Caller& caller, std::uint64_t after, std::size_t limit) override {
    return leases_.list(caller, after, limit);
  }
  net::Response show(const net::Caller& caller, const std::string& consumer) override {
    return leases_.show(caller, consumer);
  }
  void force_release(const net::Caller& caller, const std::string& consumer,
                     const std::string& reason, net::Done done) override {
    leases_.force_release(caller, consumer, reason, std::move(done));
  }
  void set_terms(const net::Caller& caller, const std::string& consumer, ConsumerTerms terms,
                 net::Done done) override {
    leases_.set_terms(caller, consumer, std::move(terms), std::move(done));
  }
  net::Response holder() override { return leases_.holder(); }
  void take_over(const net::Caller& caller, bool force, net::Done done) override {
    leases_.take_over(caller, force, std::move(done));
  }

  bool anybody_waits() const { return !waiting_.empty(); }
  /// What they ask for, beyond what they hold.
  Quantities waiting() const;
  /// What there is now is all: everybody gets an answer.
  void settle();

 private:
  struct Waiting {
    net::Caller caller;
    std::string consumer;
    UsageStatement statement;
    net::Done done;
  };
  void refused(Waiting waiting, net::Response answer);

  LeaseDesk& leases_;
  Draw draw_;
  std::vector<Waiting> waiting_;
};

}  // namespace latchkey
