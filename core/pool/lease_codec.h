#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/pool/lease.h"

// Changes of leases, packed: a row of the journal (docs/store.md), or what a token carries. Each
// change says the whole state of its lease, so that saying it twice changes nothing.
namespace latchkey {

/// Appends changes; names of pools and owners are written once.
class LeaseWriter {
 public:
  /// A writer's own numbers for pools and owners (their names are looked up when they first occur).
  struct Names {
    std::function<const PoolId&(std::uint32_t)> pool;
    std::function<const std::string&(std::uint32_t)> owner;
  };
  struct Head {
    std::string_view consumer;
    LeaseVersion version;
    std::uint32_t owner = 0;
    std::uint32_t ttl_s = 0;
    std::uint64_t request = 0;
  };

  explicit LeaseWriter(const Names& names) : names_(names) { clear(); }

  template <class Items>  // of {pool, quantity}
  void put(const Head& head, const Items& items) {
    const auto owner = owner_number(head.owner);
    for (const auto& item : items) pool_number(item.pool);
    begin_put(head, owner);
    out_.push_back(static_cast<std::uint8_t>(items.size()));
    for (const auto& item : items) {
      number(pool_number(item.pool));
      number(item.quantity);
    }
  }
  /// The consumer holds nothing any more; `version` is of the state that ended.
  void drop(std::string_view consumer, LeaseVersion version);

  bool empty() const { return out_.size() == 1; }
  const Bytes& bytes() const { return out_; }
  Bytes take();
  void clear();

 private:
  std::uint32_t pool_number(std::uint32_t pool);
  std::uint32_t owner_number(std::uint32_t owner);
  void begin_put(const Head& head, std::uint32_t owner);
  void number(std::uint64_t value);
  void text(std::string_view text);

  const Names& names_;
  Bytes out_;
  std::vector<std::uint32_t> pools_, owners_;  ///< as they were written
};

/// The state of a lease as a row has it: names by their numbers there.
struct PackedLease {
  struct Item {
    std::uint32_t pool = 0;
    std::uint64_t quantity = 0;  ///< 1 to kMaxQuantity
  };
  std::string_view consumer;  ///< an is_consumer_id()
  LeaseVersion version;
  std::uint32_t owner = 0;
  std::uint32_t ttl_s = 0;  ///< 1 to kMaxTtl
  std::uint64_t request = 0;
  std::span<const Item> usage;  ///< up to kMaxLeaseItems
};

/// What stands in a row, in order; a million times at a start. False: this cannot be.
class LeaseVisitor {
 public:
  virtual ~LeaseVisitor() = default;
  /// Names, numbered from 0 as they come; the same one may come twice.
  virtual bool pool(PoolId id) = 0;
  virtual bool owner(std::string_view name) = 0;
  virtual bool put(const PackedLease& lease) = 0;
  virtual bool drop(std::string_view consumer, LeaseVersion version) = 0;
};
/// Hostile input: bounded, every name and number checked. Error: `invalid-lease`; what stands
/// before the fault was told.
Result<void> visit_leases(ByteView bytes, LeaseVisitor& visitor);

/// What a reader finds, in order.
struct LeaseChanges {
  std::function<void(const Lease&)> put;
  std::function<void(std::string_view consumer, LeaseVersion)> drop;
};
/// As visit_leases(), for few of them.
Result<void> read_leases(ByteView bytes, const LeaseChanges& changes);

}  // namespace latchkey
