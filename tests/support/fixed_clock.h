#pragma once

#include <chrono>

#include "core/ports.h"

namespace latchkey {

constexpr Time kNoon{std::chrono::hours(12)};

/// Stands where the test puts it.
struct FixedClock final : Clock {
  FixedClock() = default;
  explicit FixedClock(Time at) : time(at) {}
  Time now() const override { return time; }
  Time time = kNoon;
};

}  // namespace latchkey
