#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/run.h"

namespace latchkey::simulation {
namespace {

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

// SPEC KEY-1, KEY-2, KEY-5…9, KEY-11, KEY-12, KEY-14, BUF-1…11, LIC-4, LIC-7, LIC-8, LIC-10, REC-2:
// whatever happens, in whatever order. LATCHKEY_SEED=n replays one run; else LATCHKEY_RUNS runs
// from seed LATCHKEY_FIRST.
TEST(Simulation, HoldsTheRulesWhateverHappens) {
  const bool one = std::getenv("LATCHKEY_SEED") != nullptr;
  const auto first = number_from("LATCHKEY_SEED", number_from("LATCHKEY_FIRST", 0));
  const auto runs = one ? 1 : number_from("LATCHKEY_RUNS", 200);
  for (auto seed = first; seed < first + runs; ++seed) {
    const auto outcome = run(seed);
    ASSERT_TRUE(outcome.wrong.empty()) << explain(seed, outcome);
  }
}

}  // namespace
}  // namespace latchkey::simulation
