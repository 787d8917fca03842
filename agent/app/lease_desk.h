#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/api/consumers.h"
#include "agent/app/holder_desk.h"
#include "agent/app/lease_answer.h"
#include "agent/app/lease_journal.h"
#include "agent/app/publisher.h"
#include "agent/identity/identity.h"
#include "core/pool/lease_token.h"

namespace latchkey {

/// Consumers and what they hold (SPEC POOL-3…8). Reactor thread only.
class LeaseDesk final : public Consumers {
 public:
  /// All of it outlives the desk.
  struct Parts {
    Reactor& reactor;
    const Clock& clock;
    NodeLog& log;
    FactStore& store;
    Publisher& publisher;
    const Catalog& catalog;
    const Identity& identity;
    std::function<std::uint32_t()> boot_seconds;  ///< counts on while the machine sleeps
    std::chrono::seconds least_ttl;               ///< shorter ones are refused
    // As HolderDesk::Parts; as they are here: a node without a peer.
    std::string vip{};
    std::function<NodeNames()> names = [] { return NodeNames(); };
    std::function<void(LeaseWord)> say = [](const LeaseWord&) {};
    std::function<void()> beat = [] {};
  };
  LeaseDesk(Parts parts, LoadedLeases loaded);

  void state_usage(const net::Caller& caller, const std::string& consumer,
                   const UsageStatement& statement, net::Done done) override;
  void heartbeat(const net::Caller& caller, const std::string& consumer, const std::string& token,
                 net::Done done) override;
  void release(const net::Caller& caller, const std::string& consumer, net::Done done) override;
  net::Response list(const net::Caller& caller, std::uint64_t after, std::size_t limit) override;
  net::Response show(const net::Caller& caller, const std::string& consumer) override;
  void force_release(const net::Caller& caller, const std::string& consumer,
                     const std::string& reason, net::Done done) override;
  void set_terms(const net::Caller& caller, const std::string& consumer, ConsumerTerms terms,
                 net::Done done) override;

  net::Response holder() override;
  void take_over(const net::Caller& caller, bool force, net::Done done) override;

  HolderDesk& desk() { return holder_; }
  const HolderDesk& desk() const { return holder_; }
  /// The published state has changed: what may be used, or what administrators decided.
  void published();
  /// Their journal was found damaged.
  void journal_damaged() { journal_.say_anew(); }
  /// What is used now, for the next snapshot.
  Consumption consumption();
  const LeaseCommits& commits() const { return journal_.commits(); }
  /// Exact at this instant.
  const Capacity& capacity();
  Quantities held_by(const std::string& consumer) const;

 private:
  using Slot = LeaseLedger::Slot;

  bool may_touch(const net::Caller& caller, Slot slot) const;
  std::optional<Error> denial(const std::string& object);
  std::uint64_t next_version() const;
  void put(const LeaseRequest& request, net::Done done);
  void heartbeat_with_token(const net::Caller& caller, const std::string& consumer,
                            const std::string& token, net::Done done);
  void serve_first(std::function<void()> then, const net::Done& done);
  Result<Lease> open_token(const net::Caller& caller, const std::string& consumer,
                           const std::string& token);
  std::optional<net::Response> adopt(const Lease& lease);
  net::Response lacking(const Error& unknown) const;
  net::Response with_wait(net::Response response) const;
  Consumption used() const;
  std::optional<std::uint32_t> next_end() const;
  std::optional<Error> check(const UsageStatement& statement) const;
  net::Response granted(Slot slot);
  net::Response refused(const LeaseRefusal& refusal) const;
  LeaseSeal& seal();
  Time expires(Slot slot) const;
  LeaseTimes times(Slot slot) const;
  std::uint32_t now() const { return parts_.boot_seconds(); }
  void end_expired();
  void wait_for_expiry();
  void note_change();
  void take_facts();
  void take_terms();

  Parts parts_;
  std::unique_ptr<LeaseLedger> ledger_;
  LeaseJournal journal_;
  HolderDesk holder_;
  std::unique_ptr<LeaseSeal> seal_;
  std::string sealed_for_;  ///< deployment that seal_ is of
  std::map<std::string, std::optional<Error>, std::less<>> denials_;  ///< by object
  LeaseLedger::Policy policy_;
  Capacity capacity_;
  bool capacity_stale_ = true;
  std::uint64_t facts_seen_ = 0;  ///< position of the last fact that was looked at
  std::unique_ptr<Alarm> expiry_, refresh_;
  std::optional<std::uint32_t> expiry_due_;
  bool refresh_due_ = false;
};

}  // namespace latchkey
