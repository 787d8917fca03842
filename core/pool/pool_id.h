#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

namespace latchkey {

/// Different objects or units never mix (SPEC POOL-1).
struct PoolId {
  std::string object;
  std::string unit;
  std::strong_ordering operator<=>(const PoolId&) const = default;
};

using Quantities = std::map<PoolId, std::uint64_t>;

}  // namespace latchkey
