#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/deployment/changes.h"
#include "core/deployment/fact.h"
#include "core/deployment/fold.h"
#include "core/deployment/repaired_dates.h"

namespace latchkey {

struct WitnessConfig {
  std::string node;                               ///< this node's id
  std::string chain;                              ///< the chain it writes
  Duration settle = std::chrono::seconds(3);      ///< SPEC KEY-11
  Duration peer_hold = std::chrono::seconds(30);  ///< SPEC KEY-12
};

inline constexpr std::size_t kMaxRefusals = 64;
inline constexpr std::size_t kMaxRefusalDetail = 512;

/// One node's memory: turns what the node sees into facts, takes in the peer's, and answers what
/// they mean. The agent, latchkey-play and the simulation run this same class. No I/O, no clock, no
/// thread: the caller passes the time in and makes `take_new()` durable before it acts on it. A
/// fact is never dated before the newest fact known, the peer's included, so that clocks that
/// differ cannot turn cause and effect round.
class Witness {
 public:
  explicit Witness(WitnessConfig config);

  /// Facts that a store or the peer already holds; any order, duplicates are dropped.
  void merge(std::vector<Fact> facts);
  /// Writes on in another chain, knowing just these facts. What it sees right now stays.
  void change_chain(std::string chain, std::vector<Fact> facts);

  void start(Time now, std::string version);
  void stop(Time now);
  /// After the first enumeration: a port the facts still believe in but that is not there was
  /// pulled while down.
  void enumerated(Time now, const std::vector<std::string>& present_ports);
  /// Facts of this node came back from the peer, of a database that it no longer has. A port that
  /// they believe in and that is empty now was emptied in the meantime (SPEC BUF-10, KEY-14); a
  /// peer that they lost and that talks to us was found.
  void reminded(Time now);
  /// Facts of the peer were merged while the link is not up yet, and with a full disk on the other
  /// side it never will be: they hide nothing that is in a port here.
  void told(Time now);
  /// A reading that says what the facts already say adds none.
  void key_read(Time now, std::string port, std::string driver, KeyReading reading);
  /// A port without a reading so far adds none. One that was not read since start() lost its key
  /// while the agent was down.
  void key_gone(Time now, const std::string& port);
  /// This node invited `peer` into the deployment, in place of `replaces` if not empty.
  void peer_joined(Time now, std::string peer, std::string replaces);
  /// What this node's machine is; what the facts already say adds none (SPEC REQ-2).
  void node_factors(Time now, NodeFactors factors);
  /// An administrator installed a license (SPEC LIC-4, LIC-8).
  void license_imported(Time now, LicenseImported imported);
  /// An administrator deleted a file license (SPEC LIC-2).
  void license_deleted(Time now, LicenseDeleted deleted);
  void license_withdrawn(Time now, LicenseWithdrawn withdrawn);
  /// An administrator installed a trust bundle that was verified (SPEC SEC-5).
  void trust_installed(Time now, TrustInstalled installed);
  /// Before anything that the clock dates after it.
  void clock_jumped(Time now, ClockJumped jumped);
  /// License time was taken back to `now` (SPEC TIME-2), as plan_repair() says. Dates never
  /// decrease within a chain, so this node writes on in `chain`, a new one.
  void time_repaired(Time now, std::string chain, TimeRepaired repaired);
  /// Adds at most kMaxRefusals of this node within a day, each with at most kMaxRefusalDetail bytes
  /// of detail, so that no stream of bad uploads fills the disk; the last one says that it is.
  void import_refused(Time now, ImportRefused refused);
  /// An administrator took a consumer's lease away (SPEC POOL-7).
  void lease_released(Time now, LeaseReleased released);
  void consumer_terms(Time now, ConsumerTermsSet terms);  ///< SPEC POOL-8
  /// Who may come over the network changed (SPEC SEC-2).
  void access_changed(Time now, AccessFact fact);
  /// What a client site has of its upstream changed (SPEC SRV-3).
  void upstream(Time now, UpstreamFact fact);
  void leases_taken(Time now, LeasesTaken taken);  ///< SPEC SRV-4
  void warn(Time now, std::string code, std::string detail);

  /// The link is up and the peer's facts have been merged.
  void peer_up(Time now);
  /// The link broke, or the peer's heartbeat stays out.
  void peer_down(Time now);
  /// Writes what is due by now: PeerLost at the end of the hold.
  void tick(Time now);
  /// When tick() wants to run next.
  std::optional<Time> next_tick() const;

  /// New facts of this node since the last call, in order.
  std::vector<Fact> take_new();
  /// In canonical order, with the dates that repairs leave them (with_repaired_dates()).
  const std::vector<Fact>& facts() const { return facts_; }
  /// The same as they were written; in canonical order by those dates, but for the newest ones.
  const std::vector<Fact>& recorded() const { return recorded_.empty() ? facts_ : recorded_; }
  const std::string& peer() const { return peer_; }  ///< node id, empty: alone
  /// The link is up, or there is no peer.
  bool hears_peer() const { return !silent_since_ && !peer_lost_; }
  Decision decide(Time now) const;
  std::vector<Change> changes(Time now) const;  ///< into facts()

 private:
  /// The latest fold: most questions are about the facts that the one before was about.
  struct Folded {
    const Fact* facts = nullptr;  ///< where they were: a copied witness has its own
    DecideAt decide;
  };

  void add(Time now, FactBody body);
  void learn_from_facts();
  void redate();
  void lose_absent(Time now);
  bool stands(const Decision& decision, const KeyRead& read) const;
  void say_again(Time now);
  const KeyRead* last_reading(const std::string& port) const;
  bool is_news(Time now, const KeyRead& before, const KeyReading& reading) const;

  WitnessConfig config_;
  std::vector<Fact> facts_;
  std::vector<Fact> recorded_;  ///< with the dates as they were written; empty: no repair is known
  WrongLeads leads_;
  mutable Folded folded_;  ///< reset when `facts_` changes
  std::vector<Fact> fresh_;
  std::uint64_t next_seq_ = 1;
  std::string peer_;
  std::map<std::string, KeyRead> readings_;  ///< the latest since start(), by port
  /// Ports with a key right now; none: not enumerated yet.
  std::optional<std::set<std::string>> present_;
  bool linked_ = false;               ///< peer_up() was the last we heard
  bool peer_lost_ = false;            ///< our latest word on the peer is PeerLost
  std::optional<Time> silent_since_;  ///< the hold runs
};

}  // namespace latchkey
