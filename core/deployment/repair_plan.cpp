#include "core/deployment/repair_plan.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/deployment/repaired_dates.h"

namespace latchkey {
namespace {

/// What another node repaired moves no clock of this one.
bool was_repaired(const Fact& fact, const RepairScene& scene) {
  return std::ranges::any_of(scene.facts, [&](const Fact& repair) {
    return std::holds_alternative<TimeRepaired>(repair.body) &&
           (fact.node != scene.node || repair.node == scene.node) && is_repaired_by(fact, repair);
  });
}

/// A jump beyond the document's time that was not taken back yet; null for another fact.
const ClockJumped* jump_beyond(const TimeRepair& document, const Fact& fact,
                               const RepairScene& scene) {
  const auto* jump = std::get_if<ClockJumped>(&fact.body);
  return jump && jump->to > document.time && !was_repaired(fact, scene) ? jump : nullptr;
}

std::vector<ClockJumped> own_jumps(const TimeRepair& document, const RepairScene& scene) {
  std::vector<ClockJumped> jumps;
  for (const auto& fact : scene.facts)
    if (const auto* jump = jump_beyond(document, fact, scene); jump && fact.node == scene.node)
      jumps.push_back(*jump);
  return jumps;
}

bool was_used(const TimeRepair& document, const RepairScene& scene) {
  return std::ranges::any_of(scene.facts, [&](const Fact& fact) {
    const auto* repaired = std::get_if<TimeRepaired>(&fact.body);
    return repaired != nullptr && repaired->id == document.id && fact.node == scene.node;
  });
}

/// The document's time to its end; a clock may be a little slow.
bool fits(Time time, const TimeRepair& document) {
  return time >= document.time - kClockSkew && time <= document.until;
}

tl::unexpected<Error> not_needed() {
  return fail("not-needed", "License time is not wrong on this node: there is nothing to repair.",
              "Nothing is to do here; if it is the other node that is wrong, install it there.");
}

tl::unexpected<Error> not_corrected(const TimeRepair& document, Time wall) {
  return fail("clock-not-corrected",
              "This machine's clock says " + format_time(wall) + ", the time repair " +
                  format_time(document.time) + ".",
              "Correct the clock (`timedatectl`) and repeat.");
}

tl::unexpected<Error> expired(const TimeRepair& document) {
  return fail("expired",
              "This time repair was to be used until " + format_time(document.until) + ".",
              "Order another one.");
}

tl::unexpected<Error> not_recorded() {
  return fail("jump-not-recorded",
              "License time is ahead, and no record says how it got there: what was written "
              "meanwhile cannot be dated.",
              "Stop the agent, move latchkey.db* aside and start it: the other node and the USB "
              "key bring back what they know. Then install the file licenses again.");
}

Result<void> check_clock(const TimeRepair& document, const NodeTimes& times) {
  if (fits(times.wall, document)) return {};
  const bool with_license = times.wall > document.until && times.license - times.wall <= kClockSkew;
  if (times.wall < document.time || with_license) return not_corrected(document, times.wall);
  return expired(document);
}

/// Whether license time is what the clock says, which fits the document.
bool is_right(const TimeRepair& document, const NodeTimes& times) {
  return fits(times.wall, document) && times.license - times.wall <= kClockSkew;
}

/// What license time would be without the jumps.
Result<Time> right_time(const TimeRepair& document, const RepairScene& scene) {
  const auto jumps = own_jumps(document, scene);
  if (jumps.empty()) return not_recorded();
  const Time began = std::ranges::min(jumps, {}, &ClockJumped::from).from;
  if (began - document.time > kClockSkew)
    return fail(
        "issued-before-jump",
        "License time went wrong after this time repair was issued, at " + format_time(began) + ".",
        "Order another one.");
  Time right = scene.times.license;
  for (const auto& jump : jumps) right -= jump.to - jump.from;
  right = std::max(right, document.time);
  if (right > document.until) return expired(document);
  return right;
}

/// This node's chains that jumped, and those of others whose dates are still to come: what a node
/// writes that is wrong by less, it repairs itself.
TimeRepaired what_is_wrong(const TimeRepair& document, const RepairScene& scene, Time now) {
  TimeRepaired repaired{document.id, document.time, {}, {}, false, {}};
  std::map<std::string, std::uint64_t> last;
  std::map<std::string, int> jumps;
  for (const auto& fact : scene.facts) {
    last[fact.chain] = std::max(last[fact.chain], fact.seq);
    const auto* jump = jump_beyond(document, fact, scene);
    if (jump == nullptr) continue;
    repaired.estimated = repaired.estimated || ++jumps[fact.chain] > 1;
    if (fact.node == scene.node || jump->to - now > kClockSkew) repaired.heads[fact.chain] = 0;
  }
  for (auto& [chain, head] : repaired.heads) head = last[chain];
  return repaired;
}

/// Nothing that is known may be dated after it, or it would be no repair.
Result<void> check_outcome(const RepairPlan& plan, const RepairScene& scene, Time now) {
  std::vector<Fact> facts(scene.facts.begin(), scene.facts.end());
  facts.push_back({now, {}, 1, scene.node, plan.repaired});
  const auto repaired = with_repaired_dates(facts);
  if (!repaired || repaired->facts.back().at - now > kClockSkew) return not_recorded();
  return {};
}

}  // namespace

Result<RepairPlan> plan_repair(const TimeRepair& document, const RepairScene& scene) {
  if (was_used(document, scene))
    return fail("already-imported", "This time repair was used already on this node.",
                "Order another one if license time is wrong again.");
  if (is_right(document, scene.times)) return not_needed();
  LK_CHECK(check_clock(document, scene.times));
  LK_TRY(const auto license, right_time(document, scene));
  const Time now = std::max(license, scene.times.wall);
  RepairPlan plan{license, what_is_wrong(document, scene, now)};
  LK_CHECK(check_outcome(plan, scene, now));
  return plan;
}

}  // namespace latchkey
