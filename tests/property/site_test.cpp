// gtest first: rapidcheck's gtest support needs it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <numeric>

#include "core/site/block_plan.h"

namespace latchkey {
namespace {

const PoolId kKvm{"kvm", "cpu-socket"};
constexpr std::size_t kSites = 3;
constexpr std::uint64_t kTotal = 60;
constexpr BlockRules kRules{.block = 8, .low_water = 3, .idle_s = 20, .retry_s = 5};

/// A site as the agent drives its plan: what goes back is given up here first.
struct Site {
  BlockPlan plan{kRules};
  std::uint64_t held = 0, used = 0, waiting = 0;
};

struct World {
  std::array<Site, kSites> sites;

  std::uint64_t reserved() const {
    return std::accumulate(sites.begin(), sites.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Site& site) { return sum + site.held; });
  }
  /// Until the site wants what it holds; false: it never does.
  bool settle(Site& site, std::uint32_t now) {
    for (int round = 0; round < 4; ++round) {
      const auto target =
          site.plan.target({{kKvm, {site.used, site.waiting, 0}}},
                           site.held == 0 ? Quantities{} : Quantities{{kKvm, site.held}}, now);
      const auto wanted = target.empty() ? 0 : target.at(kKvm);
      if (wanted == site.held) return true;
      const auto left = kTotal - reserved();
      if (wanted > site.held + left)
        site.plan.refused(kKvm, site.held + left, now);
      else
        site.held = wanted;
    }
    return false;
  }
};

/// Random demand on sites that share what their upstream has (SPEC SRV-3).
RC_GTEST_PROP(BlockPlan, HoldsWhatIsUsedAndNeverMoreThanThereIs, ()) {
  World world;
  std::uint32_t now = 0;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, static_cast<int>(kSites)), rc::gen::inRange(0, 50),
                     rc::gen::inRange(0, 30)));
  for (const auto& [which, demand, pause] : steps) {
    now += static_cast<std::uint32_t>(pause);
    auto& site = world.sites.at(static_cast<std::size_t>(which));
    const auto wanted = static_cast<std::uint64_t>(demand);
    // All or nothing, as the ledger grants it.
    site.used = std::min(site.used, wanted);
    site.waiting = wanted - site.used;
    const auto free = kTotal - world.reserved();
    const bool possible = wanted <= site.held + free;
    RC_ASSERT(world.settle(site, now));
    RC_ASSERT(!possible || wanted <= site.held || site.plan.next_change().has_value());
    if (wanted <= site.held) site.used = wanted;
    site.waiting = 0;
    for (auto& other : world.sites) RC_ASSERT(world.settle(other, now));
    for (const auto& each : world.sites) RC_ASSERT(each.held >= each.used);
    RC_ASSERT(world.reserved() <= kTotal);
  }
  // Demand stops: what is idle has gone back after two hold-downs, and nothing moves any more.
  for (auto& site : world.sites) site.used = 0;
  for (int round = 0; round < 3; ++round, now += kRules.idle_s)
    for (auto& site : world.sites) RC_ASSERT(world.settle(site, now));
  RC_ASSERT(world.reserved() == 0U);
}

}  // namespace
}  // namespace latchkey
