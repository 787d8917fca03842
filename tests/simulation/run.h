#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace latchkey::simulation {

inline constexpr int kSteps = 200;
inline constexpr int kStepsToCalm = 40;  ///< how often all is made well again

/// How one run ended.
struct Outcome {
  std::string wrong;  ///< empty: nothing
  std::vector<std::string> story;
};

/// One run of kSteps from one seed. Stops at the first thing that is wrong.
Outcome run(std::uint32_t seed);

/// For people: what went wrong, the last steps before it, and how to see it again.
std::string explain(std::uint32_t seed, const Outcome& outcome);

}  // namespace latchkey::simulation
