#include "core/pool/capacity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace latchkey {
namespace {

constexpr std::array<std::string_view, 4> kStatuses{"ok", "usage-reaches-limit", "over-quota",
                                                    "server-unavailable"};

/// Quantities come from signed documents, but a sum must not wrap all the same.
void add_to(std::uint64_t& sum, std::uint64_t quantity) {
  sum += std::min(quantity, std::numeric_limits<std::uint64_t>::max() - sum);
}

bool is_lost(const EntitledEntry& entry) {
  return entry.status == EntryStatus::server_unavailable ||
         entry.status == EntryStatus::server_lost;
}

void count(Pool& pool, const EntitledEntry& entry) {
  const auto quantity = entry.entry->quantity;
  if (entry.status == EntryStatus::expired) add_to(pool.expired, quantity);
  if (entry.status == EntryStatus::not_yet_valid) add_to(pool.not_yet_valid, quantity);
  pool.server_lost = pool.server_lost || is_lost(entry);
  if (!entry.counts()) return;
  add_to(pool.total, quantity);
  add_to(pool.tolerance, tolerance_of(*entry.entry));
  if (entry.status == EntryStatus::expiring_soon) add_to(pool.expiring_soon, quantity);
  pool.next_end = std::min(pool.next_end.value_or(entry.ends), entry.ends);
}

/// Its document is the deployment's, whatever the entry is worth at this time.
bool in_force(const EntitledEntry& entry) {
  return entry.counts() || entry.status == EntryStatus::expired ||
         entry.status == EntryStatus::not_yet_valid || entry.status == EntryStatus::base_missing ||
         is_lost(entry);
}

void describe(Pool& pool, const PoolId& id, const Catalog& catalog) {
  const auto found = catalog.objects.find(id.object);
  if (found == catalog.objects.end()) return;
  pool.module = found->second.kind != ObjectKind::base;
  pool.draws_on = found->second.draws_on;
}

/// What its own consumers use is served by the pool itself, as far as that goes.
void serve_own(Pool& pool) {
  auto limit = pool.total;
  add_to(limit, pool.tolerance);
  const auto own = std::min(pool.used, limit);
  pool.available = limit - own;
  pool.over = pool.used - own;
}

void draw(Pool& pool, Pool& source) {
  pool.drawn = std::min(pool.over, source.available);
  pool.over -= pool.drawn;
  source.lent += pool.drawn;
  source.available -= pool.drawn;
}

/// What is reserved is served like what is used, after it.
void hold_back(Capacity& capacity, const PoolId& id, Pool& pool) {
  const auto own = std::min(pool.reserved, pool.available);
  pool.available -= own;
  const auto source = capacity.pools.find({pool.draws_on, id.unit});
  if (pool.draws_on.empty() || source == capacity.pools.end()) return;
  auto& left = source->second.available;
  left -= std::min(pool.reserved - own, left);
}

template <class Use>
void for_each_draw(Capacity& capacity, Use use) {
  for (auto& [id, pool] : capacity.pools) {
    if (pool.draws_on.empty()) continue;
    const auto source = capacity.pools.find({pool.draws_on, id.unit});
    if (source != capacity.pools.end()) use(pool, source->second);
  }
}

bool breaks_quota(const Pool& pool) {
  return pool.over > 0 && (!pool.module || pool.total > 0 || !pool.draws_on.empty());
}

}  // namespace

std::uint64_t tolerance_of(const LicenseEntry& entry) {
  const auto term = entry.terms.find(std::string(kOverUseTerm));
  if (term == entry.terms.end()) return 0;
  const auto& text = term->second;
  std::uint64_t percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || end != text.data() + text.size() || percent > 100) return 0;
  return entry.quantity / 100 * percent + entry.quantity % 100 * percent / 100;
}

std::string_view to_string(PoolStatus status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

PoolStatus status_of(const Pool& pool) {
  if (pool.over > 0) return PoolStatus::over_quota;
  if (pool.server_lost) return PoolStatus::server_unavailable;
  const bool full = pool.used + pool.lent > 0 && pool.available == 0;
  return full ? PoolStatus::usage_reaches_limit : PoolStatus::ok;
}

Capacity capacity(const Entitlements& entitlements, const Usage& usage, const Catalog& catalog,
                  const Usage& reserved) {
  Capacity out;
  for (const auto& entry : entitlements.entries) {
    if (!in_force(entry)) continue;
    auto& pool = out.pools[{entry.entry->object, entry.entry->unit}];
    pool.module = entry.entry->kind == EntryKind::module;
    count(pool, entry);
  }
  for (const auto& [id, used] : usage) out.pools[id].used = used;
  for (const auto& [id, idle] : reserved) out.pools[id].reserved = idle;
  for (auto& [id, pool] : out.pools) {
    describe(pool, id, catalog);
    serve_own(pool);
  }
  for_each_draw(out, draw);
  for (auto& [id, pool] : out.pools) hold_back(out, id, pool);
  for_each_draw(out,
                [](Pool& pool, const Pool& source) { add_to(pool.available, source.available); });
  for (const auto& [id, pool] : out.pools) out.over_quota = out.over_quota || breaks_quota(pool);
  return out;
}

}  // namespace latchkey
