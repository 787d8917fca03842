#include "agent/peer/fork_search.h"

#include <algorithm>

#include "agent/peer/message.h"

namespace latchkey::peer {

std::vector<std::uint64_t> ForkSearch::points() const {
  const auto width = high_ - low_;
  const auto step = width / kPointsLimit + (width % kPointsLimit != 0 ? 1 : 0);
  std::vector<std::uint64_t> out;
  for (auto left = width; left > 0; left -= std::min(step, left))
    out.push_back(high_ - left + std::min(step, left));
  return out;
}

bool ForkSearch::narrow(std::uint64_t shared) {
  const auto asked = points();
  const auto next = std::upper_bound(asked.begin(), asked.end(), shared);
  const bool possible = shared == low_ || (next != asked.begin() && *std::prev(next) == shared);
  if (!possible) return false;
  low_ = shared;
  if (next != asked.end()) high_ = *next - 1;
  return true;
}

}  // namespace latchkey::peer
