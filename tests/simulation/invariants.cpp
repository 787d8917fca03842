#include "tests/simulation/invariants.h"

#include <algorithm>

namespace latchkey::simulation {
namespace {

/// The longest buffer that SPEC BUF knows.
constexpr Duration kLongest = std::chrono::hours(24 * 60);

bool holds(const LicenseSummary& license, Time now) {
  return std::ranges::any_of(license.windows, [now](const ValidityWindow& window) {
    return window.not_before <= now && now < window.not_after;
  });
}

bool uses_a_key(const Decision& decision) {
  return decision.state == KeyState::ready || decision.state == KeyState::abnormal;
}

/// SPEC KEY-5, BUF-6, BUF-8: usable exactly while a license says so.
std::string check_usable(const Decision& decision) {
  if (uses_a_key(decision) != !decision.key_id.empty())
    return "the state and the key in use differ";
  if (uses_a_key(decision)) {
    if (decision.buffer) return "a buffer beside a key in use";
    const bool valid = decision.license && holds(*decision.license, decision.at);
    return decision.usable == valid ? "" : "usable is not what the license of the key says";
  }
  const auto& buffer = decision.buffer;
  const bool bridged = buffer && decision.at < buffer->until && holds(buffer->license, decision.at);
  return decision.usable == bridged ? "" : "usable is not what the buffer says";
}

/// SPEC BUF-2…4: no buffer is longer than any rule allows.
std::string check_buffer(const World& world, const Decision& decision) {
  if (!decision.buffer || world.clocks_were_wrong()) return "";
  const auto& buffer = *decision.buffer;
  // The removal is noticed at once, or by the other node after its hold, or at the next start.
  const Time noticed = std::max(world.last_plugged(buffer.key_id), world.watchful_since()) +
                       kPeerHold + std::chrono::seconds(1);
  return buffer.until <= noticed + kLongest ? "" : "a buffer outlives the key by too much";
}

/// SPEC KEY-1, KEY-2: a node with exactly one key, which works, is Ready or Abnormal, whatever the
/// other node has.
std::string check_own_key(const VirtualNode& node, const Decision& decision) {
  if (node.ports().size() != 1) return "";
  const auto& key = *node.ports().begin()->second;
  if (!key.read().works()) return "";
  return uses_a_key(decision) ? "" : "a working key is alone on the node, and it is not used";
}

std::string check_acknowledged(const World& world, const Decision& decision) {
  std::size_t found = 0;
  for (const auto& kept : decision.kept) found += world.acknowledged().count(kept.license.document);
  return found >= world.acknowledged().size() ? "" : "an acknowledged license is lost";
}

std::string check_node(const World& world, const VirtualNode& node, const Decision& decision) {
  if (!node.disk.damage().empty()) return "the records do not verify: " + node.disk.damage();
  for (const auto& wrong :
       {check_usable(decision), check_buffer(world, decision), check_own_key(node, decision)})
    if (!wrong.empty()) return wrong;
  return "";
}

/// SPEC KEY-1, KEY-2, KEY-6 and BUF by the reference, as soon as everybody knows everything.
std::string check_reference(World& world, const Decision& decision) {
  if (!world.is_followed()) world.follow(decision);
  if (!world.is_followed() || !world.times_are_right()) return "";
  return world.reference().compare(decision, world.now());
}

std::string difference(const Decision& a, const Decision& b) {
  if (a.state != b.state) return "their states differ";
  if (a.key_id != b.key_id) return "their keys in use differ";
  if (a.license != b.license) return "their licenses differ";
  if (!(a.buffer == b.buffer)) return "their buffers differ";
  if (a.usable != b.usable) return "only one of them is usable";
  if (a.history != b.history) return "their removal histories differ";
  if (a.nodes != b.nodes) return "their members differ";
  const auto document = [](const KeptLicense& kept) { return kept.license.document; };
  if (!std::ranges::equal(a.kept, b.kept, {}, document, document))
    return "their installed licenses differ";
  return "";
}

}  // namespace

std::string check_step(World& world) {
  if (!world.complaint().empty()) return world.complaint();
  for (const auto* node : world.nodes()) {
    // What is not on the disk yet is not told to anybody.
    if (!node->running() || !node->log().durable()) continue;
    const auto decision = node->decide();
    auto wrong = check_node(world, *node, decision);
    if (wrong.empty() && world.weather().files) wrong = world.check_pools(*node, decision);
    if (wrong.empty() && world.is_calm()) wrong = check_reference(world, decision);
    if (!wrong.empty()) return "node " + node->name() + ": " + wrong;
  }
  return "";
}

std::string check_calm(World& world) {
  // Who lives in another year is not listened to (SPEC TIME-2).
  if (!world.is_calm())
    return world.weather().madness ? "" : "the nodes do not find together again";
  const auto nodes = world.nodes();
  // One clock for both: what they know is compared, not their clocks.
  const Time now = nodes.front()->license_time();
  const auto first = nodes.front()->log().decide(now);
  for (const auto* node : nodes) {
    const auto decision = node->log().decide(now);
    if (decision.peer_unreachable) return "the peer is there and yet unreachable";
    if (auto wrong = difference(first, decision); !wrong.empty()) return wrong;
    for (const auto& wrong : {check_acknowledged(world, decision), world.check_papers(decision),
                              world.check_pools(*node, decision)})
      if (!wrong.empty()) return wrong;
    if (node->log().facts().heads() != nodes.front()->log().facts().heads())
      return "they have different facts";
  }
  return check_step(world);
}

}  // namespace latchkey::simulation
