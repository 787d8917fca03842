#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/pool/lease.h"
#include "core/pool/lease_codec.h"
#include "core/pool/lease_table.h"
#include "core/pool/pool_accounts.h"

namespace latchkey {

/// Who states what it uses (SPEC POOL-3). Refers to values of the caller.
struct LeaseRequest {
  std::string_view consumer;          ///< an is_consumer_id()
  std::string_view owner;             ///< who asks: up to kMaxOwner bytes
  bool any_owner = false;             ///< may touch the leases of others
  std::span<const UsageItem> usage;   ///< all of it; up to kMaxLeaseItems, no pool twice
  std::uint32_t ttl_s = kDefaultTtl;  ///< 1 to kMaxTtl
  std::uint64_t request = 0;          ///< hash of the request id; 0: none
};

struct LeaseRefusal {
  /// `capacity-exhausted`, `over-cap`, `not-owner`, `too-many-leases`, or what the policy says.
  Error error;
  std::optional<PoolId> pool;  ///< that the first two are about
};

/// Every lease of this holder, what is used of every pool, and whether more may be (SPEC POOL-3…8).
/// Pure: seconds are those of a clock that counts on while the machine sleeps and starts anew with
/// it. Changes count at once and gather in a batch; the caller makes batches durable one at a time,
/// in order, and acknowledges a change when its batch is. Not thread-safe.
class LeaseLedger {
 public:
  /// Why more of the object may not be used now, whatever there is of it (SPEC QUOTA-2, QUOTA-3).
  using Policy = std::function<std::optional<Error>(const std::string& object)>;
  using Slot = LeaseTable::Slot;

  /// `hashing`: see LeaseTable.
  explicit LeaseLedger(const SipKey& hashing = {}, std::uint32_t epoch = 1);
  LeaseLedger(const LeaseLedger&) = delete;
  LeaseLedger& operator=(const LeaseLedger&) = delete;

  // --- what there is

  void set_limits(const Capacity& capacity) { accounts_.set_limits(capacity); }
  void set_terms(TermsByConsumer terms);
  const TermsByConsumer& terms() const { return terms_; }
  /// Versions are above this from now on, so that those of a ledger that lost its journal are later
  /// than the lost ones: the caller gives it the time.
  void count_from(std::uint64_t version) { version_ = std::max(version_, version); }
  std::uint32_t epoch() const { return epoch_; }
  /// What is changed from now on is of this epoch.
  void begin_epoch(std::uint32_t epoch) { epoch_ = epoch; }

  // --- changes

  /// All or nothing. False: this is what the consumer held already, or the same request again; its
  /// TTL begins anew.
  tl::expected<bool, LeaseRefusal> put(const LeaseRequest& request, std::uint32_t now,
                                       const Policy& policy);
  /// SPEC POOL-4. False: it holds no lease.
  bool heartbeat(std::string_view consumer, std::uint32_t now);
  /// False: it held none.
  bool release(std::string_view consumer);
  /// Takes in what another holder granted, as it is (SPEC SRV-4), with one full TTL, if it is later
  /// than what is known here. `floors`: only as far as there is room, or as far as so much was used
  /// of a pool before; null: in any case.
  enum class Adopted { yes, known, no_room };
  Adopted adopt(const Lease& lease, std::uint32_t now, const Quantities* floors = nullptr);
  /// Ends what has not been renewed, up to `limit` leases; how many. A lease whose change is not
  /// durable yet is put off by a second.
  std::size_t expire(std::uint32_t now, std::size_t limit);
  /// The second at which expire() has something to do; none: nothing ends.
  std::optional<std::uint32_t> next_expiry() const { return table_.next_due(); }

  // --- making changes durable

  /// Nothing gathered since the last seal().
  bool clean() const { return open_->writer.empty(); }
  bool sealed() const { return sealed_ != nullptr; }  ///< one batch is on its way
  /// The gathered changes for the journal; visit_leases() reads them. Then commit() or roll_back().
  Bytes seal();
  void commit();
  /// The sealed batch and all since are undone; ends of leases stay and are gathered again.
  void roll_back();
  /// Says the state of up to `count` leases again, into the gathering batch: after a whole round of
  /// them what the journal held before the round is not needed. True: this was the last of a round.
  bool restate(std::size_t count);
  /// About what a whole round of that comes to.
  std::size_t restated_bytes() const { return table_.blob_bytes() + 16 * table_.size(); }

  // --- from the journal, before any change

  /// Takes over a row of it. Error: `invalid-lease`; what stands before the fault counts.
  Result<void> load(ByteView row);
  /// Every lease gets one full TTL (SPEC POOL-4).
  void loaded(std::uint32_t now);

  // --- looking

  Slot find(std::string_view consumer) const { return table_.find(table_.name(consumer)); }
  std::size_t size() const { return table_.size(); }
  Slot slots() const { return table_.slots(); }
  bool occupied(Slot slot) const { return table_.occupied(slot); }
  std::string_view consumer(Slot slot) const { return table_.consumer(slot); }
  const std::string& owner(Slot slot) const { return owners_[table_.row(slot).owner]; }
  LeaseVersion version(Slot slot) const;
  std::uint32_t ttl(Slot slot) const { return table_.row(slot).ttl; }
  std::uint32_t expires(Slot slot) const { return table_.row(slot).expires; }
  /// Its consumer was heard in this run.
  bool heard(Slot slot) const { return expires(slot) > loaded_at_ + ttl(slot); }
  /// The same, and its TTL is not over.
  bool alive(Slot slot, std::uint32_t now) const { return expires(slot) > now && heard(slot); }
  /// Of all leases that were seen in this run; 0: there was none.
  std::uint32_t longest_ttl() const { return longest_ttl_; }
  void read_items(Slot slot, LeaseTable::Items& out) const { table_.read_items(slot, out); }
  Lease lease(Slot slot) const;
  /// Appends its state as read_leases() takes it.
  void write(Slot slot, LeaseWriter& writer) const;
  const LeaseWriter::Names& names() const { return names_; }
  const PoolAccounts& accounts() const { return accounts_; }
  /// What this consumer could still get of the pool (SPEC POOL-8).
  std::uint64_t available_to(std::string_view consumer, const PoolId& pool);

 private:
  using Item = LeaseTable::Item;
  using Items = LeaseTable::Items;
  class Loader;

  /// One lease as it was before a change; what varies in size lies in the batch.
  struct Before {
    std::size_t consumer_at = 0, items_at = 0;
    std::uint8_t consumer_size = 0, items = 0;
    bool existed = false;
    LeaseTable::Row row{};
  };
  struct End {
    std::string consumer;
    LeaseVersion version;
  };
  struct Batch {
    explicit Batch(const LeaseWriter::Names& names) : writer(names) {}
    LeaseWriter writer;
    std::vector<Before> before;
    std::string consumers;
    Items items;
    std::vector<End> ends;
    std::uint32_t number = 0;
    Slot restated = 0;  ///< where restate() stood at its start
  };

  void open_batch();
  bool stands(Slot slot, const LeaseRequest& request);
  std::optional<LeaseRefusal> decide(const LeaseRequest& request, const Policy& policy);
  std::optional<LeaseRefusal> resolve(const LeaseRequest& request, const Policy& policy);
  std::optional<LeaseRefusal> refuse(const LeaseRequest& request,
                                     const PoolAccounts::Change& change,
                                     const Policy& policy) const;
  /// What becomes of the pools when its usage changes from before_ to after_, into changes_.
  void compare(std::string_view consumer);
  const ConsumerTerms* terms_of(std::string_view consumer) const;
  std::uint64_t idle(const ConsumerTerms* terms, PoolAccounts::Index pool,
                     std::uint64_t used) const;
  void reserve_for(std::string_view consumer, const ConsumerTerms& terms, bool begin);

  void note(std::string_view consumer, Slot slot);
  void undo(const Batch& batch);
  void restore(std::string_view consumer, const Before& before, std::span<const Item> items);
  Slot set(Slot slot, const LeaseTable::Name& consumer, std::uint32_t ttl,
           std::span<const Item> items);
  bool intern_items(const Lease& lease);
  bool fits(std::string_view consumer, const Quantities& floors);
  void remove(Slot slot);
  std::uint32_t owner_number(std::string_view owner);
  bool take_over(const PackedLease& lease, std::uint32_t owner);

  std::uint32_t epoch_;
  std::uint64_t version_ = 0;
  std::uint32_t longest_ttl_ = 0;
  std::uint32_t loaded_at_ = 0;
  LeaseTable table_;
  PoolAccounts accounts_;
  TermsByConsumer terms_;
  std::deque<std::string> owners_;
  std::map<std::string_view, std::uint32_t> owner_index_;
  LeaseWriter::Names names_;
  std::unique_ptr<Batch> open_, sealed_, spare_;
  std::uint32_t batch_ = 0;    ///< number of the open one
  std::uint32_t durable_ = 0;  ///< number of the last committed one
  Slot restated_ = 0;
  // Of the change at hand; kept for their memory.
  Items before_, after_;
  std::vector<PoolAccounts::Change> changes_;
};

}  // namespace latchkey
