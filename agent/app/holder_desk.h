#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/app/lease_journal.h"
#include "agent/app/node_log.h"
#include "agent/app/records.h"
#include "agent/peer/lease_talk.h"
#include "core/pool/lease_handover.h"
#include "core/pool/lease_holder.h"

namespace latchkey {

/// Which node keeps the leases, and how they get there (SPEC SRV-4): takes them when the virtual
/// address comes, claims what the other node has, gives away what it has itself. Reactor thread
/// only.
class HolderDesk final : public LeaseTalk {
 public:
  /// All of it outlives the desk.
  struct Parts {
    Reactor& reactor;
    NodeLog& log;
    LeaseLedger& ledger;
    LeaseJournal& journal;
    std::string node;
    std::string vip;  ///< the virtual address; empty: none is watched
    std::function<std::uint32_t()> boot_seconds;
    std::function<std::uint64_t()> version;  ///< above which new leases count
    std::function<NodeNames()> names;
    std::function<void(LeaseWord)> say;  ///< to the peer, if the link is up; else it is lost
    std::function<void()> beat;          ///< a heartbeat, now
    std::function<void()> changed;       ///< what is used, or who says so
  };
  explicit HolderDesk(Parts parts);

  // --- what happens

  void learn(const Fact& fact);  ///< a durable one, of any kind
  /// After the facts of one turn, and when the link or the address has changed.
  void look();
  void set_linked(bool linked);
  void set_address_seen(bool seen);
  /// A token was sealed in that epoch.
  void saw_token(const Lease& lease);
  void released(LeaseLedger::Slot slot);  ///< it is about to be

  // --- what may be done

  /// The answer to who must ask the other node; none: this one serves.
  std::optional<net::Response> misdirected() const;
  /// As misdirected(), to who only looks or gives back: nothing is wrong with that while in doubt.
  std::optional<net::Response> looks_elsewhere() const;
  bool nobody() const { return holder_.whose() == LeaseHolder::Whose::nobody; }
  bool ours() const { return holder_.whose() == LeaseHolder::Whose::ours; }
  /// Nobody serves, so this node does from now on: `then` runs when that is durable. False: it
  /// cannot.
  bool take_first(std::function<void()> then);
  /// Why nothing new may be granted now.
  std::optional<Error> growth_denied() const;
  bool recovering() const { return holder_.recovering(now()).has_value(); }
  /// To wait before asking again.
  std::uint32_t retry_after() const;
  std::uint32_t no_end_before() const { return holder_.no_end_before(); }
  /// What the other node says is used; null: this node knows.
  const LeaseFigures* elsewhere() const;
  const LeaseFigures& last_of_peer() const { return holder_.peer_figures(); }

  // --- administrators

  /// `force`: although the other node cannot be asked.
  void take_over(const std::string& by, bool force, net::Done done);
  nlohmann::json show() const;

  // --- LeaseTalk

  LeaseFigures figures() const override;
  void hear(const LeaseFigures& theirs) override;
  void hear(LeaseWord word) override;

 private:
  std::uint32_t now() const { return parts_.boot_seconds(); }
  net::Response not_holder() const;
  bool take(const char* cause, const std::string& by);
  void holder_changed();
  void wait_for_recovery();
  void claim();
  void on(const LeaseClaim& claim);
  void on(const LeasePart& part);
  void on(const LeaseAck& ack);
  void give();
  void give_next();
  void took(const LeasePart& part, bool durable);

  Parts parts_;
  LeaseHolder holder_;
  LeaseGiver giver_;
  LeaseTaker taker_;
  LeaseTaking acted_on_;       ///< the strongest taking, when it was last looked at
  std::uint32_t claimed_ = 0;  ///< epoch of the peer's last claim that was not followed yet
  std::unique_ptr<Alarm> recovered_, again_;
  std::shared_ptr<HolderDesk*> self_ = std::make_shared<HolderDesk*>(this);
};

}  // namespace latchkey
