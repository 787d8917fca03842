#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/pool/entitlement.h"
#include "core/pool/pool_id.h"

namespace latchkey {

/// What consumers use now, as they said; absolute.
using Usage = Quantities;

/// All usable entries with the same object and unit, and what is used of them.
struct Pool {
  std::uint64_t total = 0;  ///< of the entries that count now (SPEC POOL-2)
  /// What their licenses let be used beyond that (kOverUseTerm, SPEC POOL-8).
  std::uint64_t tolerance = 0;
  std::uint64_t used = 0;   ///< by the object's own consumers
  std::uint64_t drawn = 0;  ///< of `used`: served by the pool that this one draws on (SPEC LIC-12)
  std::uint64_t lent = 0;   ///< served here for pools that draw on this one
  std::uint64_t reserved = 0;   ///< kept for consumers that do not use it (SPEC POOL-8)
  std::uint64_t available = 0;  ///< what a consumer can still get, by drawing as well
  std::uint64_t over = 0;       ///< of `used`: served by nobody; nobody is evicted (SPEC POOL-6)

  // Next to the pool: entries that do not count yet or any more, and those of `total` that soon
  // will not.
  std::uint64_t expiring_soon = 0;
  std::uint64_t not_yet_valid = 0;
  std::uint64_t expired = 0;

  std::optional<Time> next_end;  ///< when the first of the entries that count ends
  bool module = false;           ///< a module's or a service's; else a base object's
  std::string draws_on;          ///< the object that serves what this pool cannot; empty: none
  bool server_lost = false;      ///< some of it comes from an upstream that is lost (SPEC SRV-3)
};

/// SPEC LIC-9, per pool.
enum class PoolStatus { ok, usage_reaches_limit, over_quota, server_unavailable };
/// `ok`, `usage-reaches-limit`, `over-quota`, `server-unavailable`
std::string_view to_string(PoolStatus status);
PoolStatus status_of(const Pool& pool);

/// The term of a license entry that lets more be used than it grants: a whole percentage of its
/// quantity, 1 to 100, rounded down. Anything else grants nothing.
inline constexpr std::string_view kOverUseTerm = "over-use-percent";
std::uint64_t tolerance_of(const LicenseEntry& entry);

/// Every pool that an entry that is in force or a consumer names; exact for this usage.
struct Capacity {
  std::map<PoolId, Pool> pools;
  /// More is used than there is (SPEC QUOTA-2). Not by a module that ended as a whole: that denies
  /// its own operations alone (SPEC QUOTA-3).
  bool over_quota = false;
};

/// Pure. An object of the catalogue that draws on another is served by its own pool first, then by
/// what that one's own consumers leave (SPEC LIC-12). `reserved`: as Pool::reserved.
Capacity capacity(const Entitlements& entitlements, const Usage& usage, const Catalog& catalog,
                  const Usage& reserved = {});

}  // namespace latchkey
