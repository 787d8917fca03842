#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/app/fact_log.h"
#include "agent/reactor/reactor.h"
#include "agent/store/fact_store.h"
#include "core/base/random.h"
#include "core/deployment/witness.h"

namespace latchkey {

/// What this node knows, and the order of things: a fact is witnessed, made durable, and only then
/// seen by anybody. One write is on its way at a time, so a write that fails leaves no gap in a
/// chain; it is tried again until the disk takes it. Reactor thread only.
class NodeLog {
 public:
  struct Config {
    std::string node;
    Duration settle;
    Duration peer_hold;
    /// A jump of license time that nobody was told of yet; none: it never jumps.
    std::function<std::optional<ClockJumped>()> take_jump{};
    /// Whether a repair that the peer sends is the vendor's (SPEC TIME-2), with the trust bundles
    /// that come along; none: no repair is taken in.
    std::function<Result<void>(const TimeRepaired&, ByteView document,
                               const std::vector<ByteView>& bundles)>
        check_repair{};
  };
  using Done = std::function<void(Result<void>)>;

  /// `changed` runs when decide() may say something new; all references outlive the log.
  NodeLog(Reactor& reactor, const Clock& clock, FactStore& store, FillRandom random, Config config,
          StoreContents contents, std::function<void()> changed);

  /// The node saw something: `change` tells the witness. `document` belongs to the facts that come
  /// of it.
  void witness(const std::function<void(Witness&, Time)>& change,
               std::vector<Document> documents = {});
  /// Tells a jump of license time, should nothing else have been witnessed since.
  void note_jump();
  /// License time was wrong (SPEC TIME-2): `set_back` takes it back and says what it is. From then
  /// on this node writes in a new chain, which begins with `repaired`. Everything is durable() when
  /// this is called. Error: `no-random`, and nothing was done.
  Result<void> repair_time(const std::function<Time()>& set_back, TimeRepaired repaired,
                           Document document);
  /// `call` runs as soon as everything witnessed so far is durable.
  void when_durable(std::function<void()> call);

  /// Everything witnessed is durable: what decide() says may be told.
  bool durable() const { return unstored_.empty(); }
  bool failing() const { return failing_; }  ///< the disk refuses; a retry is due
  const Error& failure() const { return failure_; }

  Decision decide(Time now) const { return witness_.decide(now); }
  /// What may be told at any time: by the durable facts alone, whatever else was witnessed.
  Decision decide_durable(Time now) const;
  std::vector<Fact> durable_facts() const;  ///< in canonical order
  const Witness& view() const { return witness_; }
  const FactLog& facts() const { return log_; }
  const std::string& own_chain() const { return chain_; }

  /// As in PeerHost.
  void receive(Batch batch, Done done);
  void own_chain_forked(const std::string& chain, std::uint64_t common, Done done);
  void foreign_chain_forked(const std::string& chain);

 private:
  struct Pending {
    std::vector<StoredFact> facts;
    std::vector<Document> documents;
    bool empty() const { return facts.empty() && documents.empty(); }
    Batch batch() const;
  };

  Time told_now();
  void collect(std::vector<Document> documents);
  StoredFact chained(Fact fact);
  void enqueue(std::function<void()> write);
  void start_next();
  void finished();
  void write_own();
  void own_written(const Pending& written, const Result<void>& outcome);
  void retry_later(const Error& error);

  Result<Pending> news_in(const Batch& batch) const;
  Result<void> check_dates(const Pending& news) const;
  Result<void> check_repairs(const Pending& news) const;
  void take_in(Pending pending);
  bool tells_our_lost_past(const Pending& pending) const;
  void begin_switch(const std::string& chain, std::uint64_t common);
  void note_change();

  Reactor& reactor_;
  const Clock& clock_;
  FactStore& store_;
  FillRandom random_;
  Config config_;
  std::function<void()> changed_;

  std::string chain_;
  std::string last_hash_;  ///< of the own chain, durable or not
  FactLog log_;
  Witness witness_;
  Pending unstored_;                   ///< of the own chain; the front of it may be on its way
  std::optional<ChainSwitch> change_;  ///< goes with the next own write
  std::set<std::string> forked_;       ///< own chains that were left

  std::deque<std::function<void()>> queue_;  ///< writes that wait for their turn
  bool writing_ = false;
  bool own_queued_ = false;
  bool failing_ = false;
  Error failure_;
  std::vector<std::function<void()>> waiting_;  ///< for durable()
  std::unique_ptr<Alarm> retry_;
  std::unique_ptr<Alarm> tick_;
};

/// 32 hex digits: a chain's name. Error: `no-random`.
Result<std::string> new_chain_id(const FillRandom& random);

}  // namespace latchkey
