#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace latchkey {

/// How long things took, counted in fixed buckets: a few comparisons and three additions, no
/// allocation. One thread.
class DurationHistogram {
 public:
  using Span = std::chrono::nanoseconds;
  /// Upper ends of the buckets, inclusive. From what memory alone answers to what a disk or the
  /// other node holds up.
  static constexpr std::array<Span, 13> kEnds{
      std::chrono::microseconds(10),   std::chrono::microseconds(25),
      std::chrono::microseconds(100),  std::chrono::microseconds(250),
      std::chrono::microseconds(500),  std::chrono::milliseconds(1),
      std::chrono::microseconds(2500), std::chrono::milliseconds(5),
      std::chrono::milliseconds(10),   std::chrono::milliseconds(25),
      std::chrono::milliseconds(100),  std::chrono::seconds(1),
      std::chrono::seconds(10)};
  using Counts = std::array<std::uint64_t, kEnds.size() + 1>;

  void add(Span took) {
    std::size_t bucket = 0;
    while (bucket < kEnds.size() && took > kEnds[bucket]) ++bucket;
    ++counts_[bucket];
    sum_ += took;
  }

  const Counts& counts() const { return counts_; }  ///< one for each bucket, the last has no end
  Span sum() const { return sum_; }

 private:
  Counts counts_{};
  Span sum_{};
};

}  // namespace latchkey
