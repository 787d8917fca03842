#pragma once

#include <cstdint>
#include <vector>

namespace latchkey::peer {

/// Finds the last seq that two copies of one chain share, 64 questions at a time: three rounds for
/// a quarter of a million facts. A hash chain agrees up to one point and nowhere after it.
class ForkSearch {
 public:
  /// `last`: the highest seq that both copies have.
  explicit ForkSearch(std::uint64_t last) : high_(last) {}

  bool done() const { return low_ == high_; }
  std::uint64_t common() const { return low_; }
  /// What to ask for, ascending; not empty until done.
  std::vector<std::uint64_t> points() const;
  /// The answer: the last of points() that is shared, or common() for none. False: no such answer.
  bool narrow(std::uint64_t shared);

 private:
  std::uint64_t low_ = 0;
  std::uint64_t high_;
};

}  // namespace latchkey::peer
