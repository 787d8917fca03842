#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "load/histogram.h"

namespace latchkey::load {

/// What a run has seen.
struct Tally {
  Histogram latency;  ///< of answers below 300, from the time when each should have been sent
  std::uint64_t answers = 0;             ///< below 300, in the time that counts
  std::uint64_t unanswered = 0;          ///< given up at the end; their age counts as their latency
  std::map<int, std::uint64_t> refused;  ///< answers from 300 on, by status
  std::string first_refusal;             ///< its body
  std::size_t body_bytes = 0;            ///< of the latest answer
  double seconds = 0;                    ///< that count
  double busy = 0;  ///< share of one core that the generator itself took: near 1, it is the limit

  void print() const;  ///< one line of JSON on standard output
};

}  // namespace latchkey::load
