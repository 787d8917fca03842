#pragma once

#include <cstdint>
#include <vector>

namespace latchkey::load {

/// Counts of latencies with an error of at most 1/128, whatever their size: log-linear, as HDR
/// histograms are.
class Histogram {
 public:
  Histogram();

  void add(std::uint64_t nanoseconds);
  std::uint64_t count() const { return count_; }
  /// The value, in microseconds, that `share` (0…1) of the counted ones do not exceed; 0 when there
  /// are none. A `share` of 1 is the exact maximum.
  double at(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace latchkey::load
