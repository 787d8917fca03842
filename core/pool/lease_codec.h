#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

/// What a reader finds, in order.
struct LeaseChanges {
  std::function<void(const Lease&)> put;
  std::function<void(std::string_view consumer, LeaseVersion)> drop;
};
/// Hostile input: bounded, every name and number checked. Error: `invalid-lease`; what stands
/// before the fault was told.
Result<void> read_leases(ByteView bytes, const LeaseChanges& changes);

}  // namespace latchkey
