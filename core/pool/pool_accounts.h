#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/pool/capacity.h"

namespace latchkey {

/// What is used of every pool, kept change by change, and whether more would fit: what capacity()
/// says, without its cost.
class PoolAccounts {
 public:
  using Index = std::uint16_t;

  struct Change {
    Index pool = 0;
    std::uint64_t before = 0, after = 0;
    /// Of the consumer's reservation, what is left idle.
    std::uint64_t idle_before = 0, idle_after = 0;
  };

  /// How much there is from now on; the usage stays.
  void set_limits(const Capacity& capacity);

  std::optional<Index> find(const PoolId& id) const;
  /// Knows the pool from now on. None: there are kMaxPools already.
  std::optional<Index> intern(const PoolId& id);
  const PoolId& id(Index pool) const { return accounts_[pool].id; }

  void apply(std::span<const Change> changes);
  void revert(std::span<const Change> changes);
  /// For changes that are applied: the first pool that got more and for which there is not enough
  /// (SPEC POOL-5); none: all fit.
  std::optional<Index> lacking(std::span<const Change> changes) const;
  void reserve(Index pool, std::uint64_t idle_before, std::uint64_t idle_after);

  std::uint64_t total(Index pool) const { return accounts_[pool].total; }
  std::uint64_t used(Index pool) const { return accounts_[pool].used; }
  /// As Pool::available.
  std::uint64_t available(Index pool) const;

  Usage usage() const;     ///< of the pools of which something is used
  Usage reserved() const;  ///< of the pools of which something is kept and idle

 private:
  struct Account {
    PoolId id;
    std::uint64_t used = 0;
    std::uint64_t idle = 0;
    std::uint64_t total = 0;
    std::uint64_t limit = 0;  ///< total and tolerance
    std::optional<Index> source;
    std::vector<Index> drawers;
  };
  enum class Count { used, used_and_idle };

  static std::uint64_t demand(const Account& account, Count count);
  static std::uint64_t spill(const Account& account, Count count);
  std::uint64_t load(const Account& account, Count count) const;
  bool fits(const Change& change, Count count) const;

  std::deque<Account> accounts_;
  std::map<PoolId, Index> index_;
};

}  // namespace latchkey
