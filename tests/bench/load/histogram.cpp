#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace latchkey::load {
namespace {

constexpr int kBits = 7;  // 128 steps for each doubling
constexpr std::uint64_t kSteps = 1U << kBits;

/// Exact below 2 * kSteps; above, the leading kBits + 1 bits and how far they were shifted.
std::size_t index_of(std::uint64_t value) {
  if (value < 2 * kSteps) return value;
  const auto shift = static_cast<std::size_t>(std::bit_width(value) - kBits - 1);
  return shift * kSteps + (value >> shift);
}

/// The largest value that is counted there.
std::uint64_t value_at(std::size_t index) {
  if (index < 2 * kSteps) return index;
  const auto shift = index / kSteps - 1;
  return ((index % kSteps + kSteps + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(index_of(~std::uint64_t{0}) + 1) {}

void Histogram::add(std::uint64_t nanoseconds) {
  ++buckets_[index_of(nanoseconds)];
  ++count_;
  max_ = std::max(max_, nanoseconds);
}

double Histogram::at(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  std::uint64_t value = max_;
  for (std::size_t index = 0; index < buckets_.size() && wanted < count_; ++index) {
    seen += buckets_[index];
    if (seen < std::max<std::uint64_t>(wanted, 1)) continue;
    value = std::min(max_, value_at(index));
    break;
  }
  return static_cast<double>(value) / 1e3;
}

}  // namespace latchkey::load
