#include "core/pool/pool_accounts.h"

#include <algorithm>

#include "core/pool/lease.h"

namespace latchkey {
namespace {

/// More than all leases can use, and small enough that sums of it do not wrap.
constexpr std::uint64_t kMost = 1ULL << 62;

}  // namespace

void PoolAccounts::set_limits(const Capacity& capacity) {
  for (auto& account : accounts_) {
    account.total = account.limit = 0;
    account.source.reset();
    account.drawers.clear();
  }
  for (const auto& [id, pool] : capacity.pools) {
    const auto index = intern(id);
    if (!index) return;
    auto& account = accounts_[*index];
    account.total = pool.total;
    account.limit = std::min(pool.total, kMost) + std::min(pool.tolerance, kMost);
  }
  for (const auto& [id, pool] : capacity.pools) {
    const auto source = pool.draws_on.empty() ? std::nullopt : find({pool.draws_on, id.unit});
    const auto drawer = find(id);
    if (!source || !drawer) continue;
    accounts_[*drawer].source = source;
    accounts_[*source].drawers.push_back(*drawer);
  }
}

std::optional<PoolAccounts::Index> PoolAccounts::find(const PoolId& id) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::optional<PoolAccounts::Index> PoolAccounts::intern(const PoolId& id) {
  if (const auto known = find(id)) return known;
  if (accounts_.size() == kMaxPools) return std::nullopt;
  const auto index = static_cast<Index>(accounts_.size());
  accounts_.push_back({id, 0, 0, 0, 0, {}, {}});
  index_.emplace(id, index);
  return index;
}

void PoolAccounts::apply(std::span<const Change> changes) {
  for (const auto& change : changes) {
    auto& account = accounts_[change.pool];
    account.used += change.after - change.before;  // unsigned: wraps back where it is less
    account.idle += change.idle_after - change.idle_before;
  }
}

void PoolAccounts::revert(std::span<const Change> changes) {
  for (const auto& change : changes) {
    auto& account = accounts_[change.pool];
    account.used += change.before - change.after;
    account.idle += change.idle_before - change.idle_after;
  }
}

void PoolAccounts::reserve(Index pool, std::uint64_t idle_before, std::uint64_t idle_after) {
  accounts_[pool].idle += idle_after - idle_before;
}

std::uint64_t PoolAccounts::demand(const Account& account, Count count) {
  return account.used + (count == Count::used ? 0 : account.idle);
}

/// What the pool cannot serve by itself.
std::uint64_t PoolAccounts::spill(const Account& account, Count count) {
  const auto wanted = demand(account, count);
  return wanted - std::min(wanted, account.limit);
}

/// Everything that the pool has to serve, its own consumers' and that of pools that draw on it.
std::uint64_t PoolAccounts::load(const Account& account, Count count) const {
  auto sum = demand(account, count);
  for (const auto drawer : account.drawers) sum += spill(accounts_[drawer], count);
  return sum;
}

bool PoolAccounts::fits(const Change& change, Count count) const {
  const auto& account = accounts_[change.pool];
  if (!account.source) return load(account, count) <= account.limit;
  // Its own pool serves it, or the one that it draws on (SPEC LIC-12).
  if (spill(account, count) == 0) return true;
  const auto& source = accounts_[*account.source];
  return load(source, count) <= source.limit;
}

std::optional<PoolAccounts::Index> PoolAccounts::lacking(std::span<const Change> changes) const {
  for (const auto& change : changes) {
    if (change.after <= change.before) continue;
    // Who takes up a reservation leaves the others what they had.
    const bool own = change.idle_before - change.idle_after == change.after - change.before;
    if (!fits(change, Count::used) || (!own && !fits(change, Count::used_and_idle)))
      return change.pool;
  }
  return std::nullopt;
}

std::uint64_t PoolAccounts::available(Index pool) const {
  const auto& account = accounts_[pool];
  const auto left = [this](const Account& of) {
    const auto taken = load(of, Count::used_and_idle);
    return of.limit - std::min(taken, of.limit);
  };
  if (!account.source) return left(account);
  const auto own = demand(account, Count::used_and_idle);
  return account.limit - std::min(own, account.limit) + left(accounts_[*account.source]);
}

Usage PoolAccounts::usage() const {
  Usage usage;
  for (const auto& account : accounts_)
    if (account.used != 0) usage.emplace(account.id, account.used);
  return usage;
}

Usage PoolAccounts::reserved() const {
  Usage reserved;
  for (const auto& account : accounts_)
    if (account.idle != 0) reserved.emplace(account.id, account.idle);
  return reserved;
}

}  // namespace latchkey
