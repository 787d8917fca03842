#include "core/site/block_plan.h"

#include <algorithm>

#include "core/pool/lease.h"

namespace latchkey {
namespace {

std::uint64_t of(const Quantities& quantities, const PoolId& id) {
  const auto found = quantities.find(id);
  return found == quantities.end() ? 0 : found->second;
}

/// What the upstream has to cover.
std::uint64_t need_of(const PoolNeed& pool) {
  const auto wanted = std::min(pool.used, kMaxQuantity) + std::min(pool.waiting, kMaxQuantity);
  return wanted - std::min(wanted, pool.own);
}

}  // namespace

/// Nobody uses it: nothing is kept at hand either.
std::uint64_t BlockPlan::stock(std::uint64_t need) const {
  if (need == 0) return 0;
  const auto whole = (need + rules_.low_water + rules_.block - 1) / rules_.block * rules_.block;
  return std::max(need, std::min(whole, kMaxQuantity));
}

std::uint64_t BlockPlan::plan(Pool& pool, std::uint64_t need, std::uint64_t held,
                              std::uint32_t now) const {
  if (pool.ask_again && now >= *pool.ask_again) pool.ask_again.reset();
  const auto goal = stock(need);
  const auto least = need == 0 ? 0 : need + rules_.low_water;
  if (held <= goal) {
    pool.idle_since.reset();
    if (held >= least) return held;
    return std::max(held, pool.ask_again ? std::min(goal, pool.most) : goal);
  }
  if (!pool.idle_since) {
    pool.idle_since = now;
    pool.peak = need;
  }
  pool.peak = std::max(pool.peak, need);
  if (now - *pool.idle_since < rules_.idle_s) return held;
  const auto kept = std::min(held, stock(pool.peak));
  pool.idle_since = now;
  pool.peak = need;
  return kept;
}

Quantities BlockPlan::target(const PoolNeeds& needs, const Quantities& held, std::uint32_t now) {
  for (const auto& [id, need] : needs)
    if (need_of(need) > 0) pools_.try_emplace(id);
  for (const auto& [id, quantity] : held) pools_.try_emplace(id);
  Quantities target;
  for (auto at = pools_.begin(); at != pools_.end();) {
    const auto& id = at->first;
    const auto need = needs.find(id);
    const auto wanted =
        plan(at->second, need == needs.end() ? 0 : need_of(need->second), of(held, id), now);
    if (wanted > 0) target.emplace(id, wanted);
    const bool idle = wanted == 0 && of(held, id) == 0 && !at->second.ask_again;
    at = idle ? pools_.erase(at) : std::next(at);
  }
  return target;
}

void BlockPlan::refused(const PoolId& pool, std::uint64_t most, std::uint32_t now) {
  auto& known = pools_[pool];
  known.ask_again = now + rules_.retry_s;
  known.most = most;
}

std::optional<std::uint32_t> BlockPlan::next_change() const {
  std::optional<std::uint32_t> next;
  const auto consider = [&](std::uint32_t second) {
    next = std::min(next.value_or(second), second);
  };
  for (const auto& [id, pool] : pools_) {
    if (pool.idle_since) consider(*pool.idle_since + rules_.idle_s);
    if (pool.ask_again) consider(*pool.ask_again);
  }
  return next;
}

}  // namespace latchkey
