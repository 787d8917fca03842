#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/deployment/fact.h"
#include "core/ports.h"

namespace latchkey {

/// A fact as it lies in the database.
struct StoredFact {
  Fact fact;
  EncodedFact encoded;
};

/// What a database holds; every hash chain and document in it has been verified.
struct StoreContents {
  std::string chain;              ///< the chain this node writes
  std::vector<StoredFact> facts;  ///< in the order of their arrival
  std::vector<Document> documents;
  std::string clock{};  ///< what keep_clock() kept last; empty: nothing. Not verified.
};

/// Leaves `forked` for `chain`: facts of `forked` after `common` are dropped (SPEC BUF-10).
struct ChainSwitch {
  std::string forked;
  std::uint64_t common = 0;
  std::string chain;
};

/// One row of the lease journal (docs/store.md): what one commit changed.
struct LeaseRow {
  std::uint64_t position = 0;     ///< from 1, one more than the last row's
  Bytes changes;                  ///< as visit_leases() takes them (core/pool/lease_codec.h)
  std::uint64_t drop_before = 0;  ///< rows before this position are needed no more
};

/// What reading a whole database again found (SPEC REC-2).
struct StoreReport {
  struct Chain {
    std::string chain;
    std::string node;         ///< that writes it; empty when not even its first fact can be read
    std::uint64_t facts = 0;  ///< verified, from the first one on
    std::string problem;      ///< what is wrong with the fact after them; empty: nothing
  };
  struct Leases {
    std::uint64_t rows = 0;         ///< of their journal, sound or not
    std::uint64_t faults = 0;       ///< rows that are not as they were written, or are missing
    std::vector<std::string> told;  ///< which, and what is wrong with them: the first ones
  };
  std::vector<Chain> chains;
  std::vector<std::string> changed_documents;  ///< the hash that each one should have
  Leases leases{};
};

/// What the agent needs of its database beyond the core's Store port. Calls on the reactor thread.
class FactStore : public Store {
 public:
  using Done = std::function<void(Result<void>)>;
  /// The switch and `batch` in one transaction.
  virtual void switch_chain(ChainSwitch change, Batch batch, Done done) = 0;
  /// Appends to the lease journal. A row that was refused may be followed by another one in its
  /// place.
  virtual void append_leases(LeaseRow row, Done done) = 0;
  /// Keeps the license clock's memory (core/deployment/license_clock.h) in place of the last one.
  virtual void keep_clock(std::string memory, Done done) = 0;
  /// Reads everything again, from the disk. Error: `database-damaged` (it cannot be read at all).
  using Verified = std::function<void(Result<StoreReport>)>;
  virtual void verify(Verified done) = 0;
};

}  // namespace latchkey
