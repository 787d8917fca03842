#pragma once

#include <cstdint>

#include "core/base/duration_histogram.h"

namespace latchkey {

/// What the disk did with transactions, however many changes each of them held.
struct CommitFigures {
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
  DurationHistogram took;  ///< of those that were done: until they were durable

  void add(bool durable, DurationHistogram::Span span) {
    ++(durable ? done : refused);
    if (durable) took.add(span);
  }
};

}  // namespace latchkey
