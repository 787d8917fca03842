#pragma once

#include <chrono>
#include <cstdint>

namespace latchkey {

/// What this process takes of its machine.
struct ProcessUsage {
  std::chrono::microseconds processor{};  ///< user and system time of all threads
  std::uint64_t resident_bytes = 0;       ///< 0: the kernel does not say
};
ProcessUsage process_usage();

}  // namespace latchkey
