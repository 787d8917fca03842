#include "tests/simulation/datacenter.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace latchkey {
namespace {

using latchkey::testing::Datacenter;

constexpr std::uint32_t kSeeds = 400;
constexpr int kSteps = 80;

/// LATCHKEY_SEED=n replays one run.
std::pair<std::uint32_t, std::uint32_t> seeds() {
  if (const char* one = std::getenv("LATCHKEY_SEED")) {
    const auto seed = static_cast<std::uint32_t>(std::strtoul(one, nullptr, 10));
    return {seed, seed + 1};
  }
  return {0, kSeeds};
}

/// SPEC KEY-1, KEY-2 for keys that all work, straight from the table.
KeyState by_the_table(const std::map<std::string, int>& plugged) {
  if (plugged.empty()) return KeyState::missing;
  const int first = plugged.begin()->second;
  if (plugged.size() == 1) return first == 1 ? KeyState::ready : KeyState::fault;
  return std::min(first, plugged.rbegin()->second) == 1 ? KeyState::abnormal : KeyState::fault;
}

/// SPEC BUF-1…4, BUF-6 over one decision: no buffer is longer than the rules allow.
void expect_lawful(const Decision& decision) {
  if (decision.buffer) {
    const auto& buffer = *decision.buffer;
    EXPECT_LE(buffer.until - buffer.since, kLaterBuffer);
    if (decision.history.at(buffer.key_id).removals == 1) {
      EXPECT_EQ(buffer.until - buffer.since, kFirstBuffer);
    }
    EXPECT_TRUE(decision.state == KeyState::missing || decision.state == KeyState::fault);
    EXPECT_EQ(decision.usable, decision.at < buffer.until);
  }
  const bool in_use = decision.state == KeyState::ready || decision.state == KeyState::abnormal;
  EXPECT_EQ(in_use, !decision.key_id.empty());
}

// SPEC KEY-6, KEY-7, KEY-12: whatever happened, once both nodes run and talk they agree with the
// ports.
TEST(Simulation, CalmNodesAgreeWithThePorts) {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    SCOPED_TRACE("LATCHKEY_SEED=" + std::to_string(seed));
    Datacenter center(seed, 1 + static_cast<int>(seed % 3 != 0));
    for (int i = 0; i < kSteps; ++i) {
      center.step();
      for (const auto& node : center.nodes())
        if (node.agent) expect_lawful(node.agent->decide(center.wall(node)));
      if (i % 20 != 19) continue;
      center.calm();
      for (const auto& node : center.nodes()) {
        const auto decision = node.agent->decide(center.wall(node));
        ASSERT_EQ(decision.state, by_the_table(center.plugged()))
            << "node " << node.name << " step " << i;
        ASSERT_EQ(decision.key_id, center.nodes()[0].agent->decide(center.wall(node)).key_id);
        ASSERT_FALSE(decision.peer_unreachable);
      }
    }
  }
}

// SPEC KEY-12: a partition or a reboot, however long, leaves no trace in the removal history of a
// key that stayed.
TEST(Simulation, WhatStaysInIsNeverRemoved) {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    SCOPED_TRACE("LATCHKEY_SEED=" + std::to_string(seed));
    Datacenter center(seed, 2);
    while (center.plugged().empty()) center.step();
    center.freeze_ports = true;
    center.calm();
    const auto before = center.nodes()[0].agent->decide(center.now()).history;
    for (int i = 0; i < kSteps; ++i) center.step();
    center.calm();
    for (const auto& node : center.nodes())
      EXPECT_EQ(node.agent->decide(center.wall(node)).history, before) << "node " << node.name;
  }
}

}  // namespace
}  // namespace latchkey
