#pragma once

#include <chrono>

#include "core/ports.h"

namespace latchkey::test {

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline Deadline soon() { return in(std::chrono::seconds(5)); }

inline Bytes pattern(std::size_t size, unsigned seed = 1) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::uint8_t>((i * 31 + seed * 7 + i / 256) & 0xFF);
  return out;
}

}  // namespace latchkey::test
