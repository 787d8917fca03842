#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/app/lease_desk.h"

// What it means for consumers that one of two nodes keeps the leases (SPEC SRV-4).
namespace latchkey {

Result<Lease> LeaseDesk::open_token(const net::Caller& caller, const std::string& consumer,
                                    const std::string& token) {
  LK_TRY(auto lease, seal().open(token));
  if (lease.consumer != consumer ||
      (lease.owner != caller.id && !caller.rights.has(Right::administer)))
    return fail("not-owner", "The token is of another consumer, or of somebody else's.",
                "Leave it out, and state the usage again.");
  ledger_->count_from(lease.version.number);
  holder_.saw_token(lease);
  return lease;
}

/// Nobody keeps them yet: this node does from now on.
void LeaseDesk::serve_first(std::function<void()> then, const net::Done& done) {
  const bool serves = holder_.take_first([this, then = std::move(then)] {
    take_facts();
    then();
  });
  if (!serves)
    done(error_answer({"recovering", "The leases cannot be taken over now.", "Try again."}));
}

/// What was granted before this node took over counts before anything new does; it is no new grant,
/// and may be as much as was used then. The answer that refuses it; none: go on.
std::optional<net::Response> LeaseDesk::adopt(const Lease& lease) {
  if (!holder_.recovering()) return std::nullopt;
  const auto adopted = ledger_->adopt(lease, now(), &holder_.last_of_peer().used);
  if (adopted == LeaseLedger::Adopted::yes) note_change();
  if (adopted != LeaseLedger::Adopted::no_room) return std::nullopt;
  return with_wait(error_answer(*holder_.growth_denied()));
}

/// It may not have arrived yet.
net::Response LeaseDesk::lacking(const Error& unknown) const {
  const auto waiting = holder_.growth_denied();
  return waiting ? with_wait(error_answer(*waiting)) : error_answer(unknown);
}

net::Response LeaseDesk::with_wait(net::Response response) const {
  if (response.status == 503)
    response.headers.emplace_back("Retry-After", std::to_string(holder_.retry_after()));
  return response;
}

/// By the node that keeps the leases.
Consumption LeaseDesk::used() const {
  if (const auto* there = holder_.elsewhere())
    return {there->used, there->reserved, {}, there->leases, nullptr};
  const auto& accounts = ledger_->accounts();
  return {accounts.usage(), accounts.reserved(), {}, ledger_->size(), nullptr};
}

net::Response LeaseDesk::holder() { return json_answer(holder_.show()); }

void LeaseDesk::take_over(const net::Caller& caller, bool force, net::Done done) {
  holder_.take_over(caller.name, force, std::move(done));
}

}  // namespace latchkey
