#include <gtest/gtest.h>

#include "tests/simulation/run.h"

namespace latchkey::simulation {
namespace {

constexpr std::uint32_t kSeeds = 120;

// This program is built with one fault planted into the product: the simulation must find it.
TEST(Planted, TheSimulationFindsTheFault) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const auto outcome = run(seed);
    if (outcome.wrong.empty()) continue;
    std::cout << "found with seed " << seed << ": " << outcome.wrong << "\n";
    return;
  }
  FAIL() << "not found in " << kSeeds << " runs";
}

}  // namespace
}  // namespace latchkey::simulation
