#include "tests/simulation/run.h"

#include <errno.h>

#include <algorithm>

#include "tests/simulation/invariants.h"

namespace latchkey::simulation {
namespace {

constexpr std::size_t kLastSteps = 30;
constexpr std::size_t kLastFacts = 30;

std::string step(World& world, int number) {
  world.step();
  if (auto wrong = check_step(world); !wrong.empty()) return wrong;
  if (number % kStepsToCalm != 0) return "";
  world.calm();
  return check_calm(world);
}

/// What is in its ports, and what it makes of that.
std::string describe(const VirtualNode& node) {
  std::string text = node.name() + " has";
  for (const auto& [port, key] : node.ports())
    text += " " + key->id + (key->silent ? " (silent)" : "") + ",";
  if (!node.running()) return text + " and does not run";
  const auto decision = node.decide();
  text += " says " + std::string(to_string(decision.state)) + " (" + decision.reason + ") " +
          decision.key_id + (decision.usable ? ", usable" : ", not usable") +
          (decision.peer_unreachable ? ", peer unreachable" : "") + ", and knows of";
  for (const auto& key : decision.keys)
    text += " " + key.reading.key_id + " at " + key.node.substr(0, 1) + ",";
  return text;
}

/// The newest facts, as the node folds them.
std::string facts_of(const VirtualNode& node) {
  std::string text = node.name() + " knows, newest last:";
  const auto& facts = node.log().view().facts();
  for (auto i = facts.size() - std::min(facts.size(), kLastFacts); i < facts.size(); ++i) {
    const auto& fact = facts[i];
    text += "\n    " + format_time(fact.at) + " " + fact.node.substr(0, 1) + " " +
            fact.chain.substr(0, 4) + ":" + std::to_string(fact.seq) + " " +
            std::string(kind(fact.body));
  }
  return text;
}

}  // namespace

Outcome run(std::uint32_t seed) {
  World world(seed);
  std::string wrong;
  for (int number = 1; number <= kSteps && wrong.empty(); ++number) wrong = step(world, number);
  auto story = world.story();
  if (!wrong.empty())
    for (const auto* node : world.nodes()) {
      story.push_back(describe(*node));
      if (node->running()) story.push_back(facts_of(*node));
    }
  return {wrong, std::move(story)};
}

std::string explain(std::uint32_t seed, const Outcome& outcome) {
  std::string text = "seed " + std::to_string(seed) + ": " + outcome.wrong + "\n";
  const auto& story = outcome.story;
  const auto from = story.size() - std::min(story.size(), kLastSteps);
  if (from > 0) text += "  … " + std::to_string(from) + " lines before\n";
  for (auto i = from; i < story.size(); ++i) text += "  " + story[i] + "\n";
  return text + "again: LATCHKEY_SEED=" + std::to_string(seed) + " " + program_invocation_name +
         " --gtest_filter=Simulation.*\n";
}

}  // namespace latchkey::simulation
