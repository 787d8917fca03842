#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/pool/pool_id.h"

namespace latchkey {

struct BlockRules {
  std::uint64_t block = 8;      ///< capacity is drawn in multiples of it; at least 1
  std::uint64_t low_water = 2;  ///< less than that left over: the next block is drawn
  std::uint32_t idle_s = 300;   ///< what is idle for that long goes back
  std::uint32_t retry_s = 10;   ///< a pool that had no more is asked again after that
  bool operator==(const BlockRules&) const = default;
};

/// What a site's own consumers make of one pool of its upstream.
struct PoolNeed {
  std::uint64_t used = 0;     ///< by leases, and reserved; more than `own`: held or missing
  std::uint64_t waiting = 0;  ///< that consumers ask for and could not get
  std::uint64_t own = 0;      ///< that licenses of the site's own cover
};
using PoolNeeds = std::map<PoolId, PoolNeed>;

/// How much of each pool a site should hold (SPEC SRV-3): asks for a block before the last one is
/// used up, gives back what was idle for a while, and never what is used. Pure; seconds as those
/// of LeaseLedger.
class BlockPlan {
 public:
  explicit BlockPlan(BlockRules rules) : rules_(rules) {}

  /// What to hold of every pool that is needed or held, nothing of quantity 0. Where nobody needs
  /// the change it is what is held.
  Quantities target(const PoolNeeds& needs, const Quantities& held, std::uint32_t now);
  /// The upstream has no more than `most` of it for this site, for now.
  void refused(const PoolId& pool, std::uint64_t most, std::uint32_t now);
  /// The second at which target() may say something else by itself.
  std::optional<std::uint32_t> next_change() const;

 private:
  struct Pool {
    std::optional<std::uint32_t> idle_since;  ///< more is held than is needed
    std::uint64_t peak = 0;                   ///< of the need since then
    std::optional<std::uint32_t> ask_again;   ///< `most` holds until then
    std::uint64_t most = 0;
  };

  std::uint64_t stock(std::uint64_t need) const;
  std::uint64_t plan(Pool& pool, std::uint64_t need, std::uint64_t held, std::uint32_t now) const;

  BlockRules rules_;
  std::map<PoolId, Pool> pools_;
};

}  // namespace latchkey
