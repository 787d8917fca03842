#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/net/http.h"
#include "agent/reactor/reactor.h"
#include "agent/store/database.h"
#include "core/base/random.h"
#include "core/pool/lease_ledger.h"

namespace latchkey {

/// The leases as the journal had them at the start.
struct LoadedLeases {
  std::unique_ptr<LeaseLedger> ledger;
  std::uint64_t oldest = 1;  ///< position of the first row
  std::uint64_t next = 1;    ///< position of the next row
  std::size_t bytes = 0;     ///< of all rows
  std::string damage;        ///< what could not be read, for people; empty: nothing
};
/// What became of the commits of leases.
struct LeaseCommits {
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
};

/// Rows that are not what was written are left out and reported: who held what they said states it
/// again. `random` is for the ledger's hashing. Errors: `database-damaged`, `no-random`.
Result<LoadedLeases> load_leases(Database& database, const FillRandom& random);

/// Makes the ledger's changes durable, one commit at a time, each with all that gathered while the
/// one before ran; a lone change does not wait. Answers leave after that, or say that the disk
/// refused and nothing changed. Says the leases anew from time to time, so that the journal stays
/// within a few times their size (docs/store.md). Reactor thread only.
class LeaseJournal {
 public:
  /// `failed` runs when failure() has changed. References outlive the journal.
  LeaseJournal(Reactor& reactor, FactStore& store, LeaseLedger& ledger, const LoadedLeases& loaded,
               std::function<void()> failed);

  /// Something was changed that nobody waits for.
  void gathered() { commit_soon(); }
  /// Answers when all that was changed so far is durable; else 503 `store-failed`.
  void answer_when_durable(net::Done done, net::Response answer);

  /// Rows of it are damaged: all leases are said anew, with the next commits, and the rows dropped.
  void say_anew() { round_due_ = true; }

  /// Why the disk refuses; null: it does not. It is tried again every second.
  const Error* failure() const { return failing_ ? &failure_ : nullptr; }
  const LeaseCommits& commits() const { return commits_; }

 private:
  struct Owed {
    net::Done done;
    net::Response answer;
  };
  using Debts = std::vector<Owed>;

  void commit_soon();
  void commit();
  bool restate(std::size_t changes);
  void written(const Result<void>& outcome);
  void took(Debts debts);
  void refused(const Error& error);

  Reactor& reactor_;
  FactStore& store_;
  LeaseLedger& ledger_;
  const std::function<void()> failed_;
  Debts open_, sealed_;  ///< who waits for the gathering batch, and for the one on its way
  bool soon_ = false;
  bool failing_ = false;
  Error failure_;
  LeaseCommits commits_;
  std::unique_ptr<Alarm> retry_;

  std::uint64_t next_, oldest_;
  bool round_due_;                 ///< a round of restating is to begin, however short the journal
  std::uint64_t drop_to_ = 0;      ///< rows before it are to go
  std::uint64_t round_start_ = 0;  ///< position at which the present round of restating began
  std::size_t bytes_;              ///< of the rows since the last round began
  std::size_t round_bytes_ = 0;    ///< of the rows since the present one began
  // Of the row on its way:
  std::size_t row_bytes_ = 0;
  std::uint64_t row_drops_ = 0;
  bool ends_round_ = false;
  std::shared_ptr<LeaseJournal*> self_ = std::make_shared<LeaseJournal*>(this);
};

}  // namespace latchkey
