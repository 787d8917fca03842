#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "agent/store/fact_store.h"

namespace latchkey {

/// One unit of writing: a batch, after a change of the own chain if there is one; or the clock's
/// memory; or leases.
struct Write {
  std::optional<ChainSwitch> change;
  Batch batch;
  std::optional<std::string> clock{};
  std::optional<LeaseRow> leases{};
};

/// Takes the rows of the lease journal, in order; `sound`: the row is what was written.
using TakeLeases = std::function<void(std::uint64_t position, ByteView changes, bool sound)>;

/// The SQLite file `latchkey.db` (docs/store.md): WAL, `synchronous=FULL`, held exclusively.
/// Blocking; one thread at a time. No exception leaves it.
class Database {
 public:
  /// Opens or creates; a new database gets `fresh_chain` as its chain.
  /// Errors: `database-in-use`, `database-unreadable`, `database-damaged`, `database-too-new`.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file,
                                                const std::string& fresh_chain);
  ~Database();

  /// Reads and verifies all of it. Error: `database-damaged`.
  Result<StoreContents> load();
  /// Scans the lease journal. Error: `database-damaged`.
  Result<void> load_leases(const TakeLeases& take);
  /// Reads all of it from the disk, past every cache, and goes on after what is broken.
  Result<StoreReport> verify();
  /// All of `writes` in one durable transaction, or none. Errors: `store-refused` (a fact that does
  /// not decode, or another one stands in its place), `store-failed` (disk full, I/O error).
  Result<void> write(std::span<const Write* const> writes);

 private:
  class Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey
