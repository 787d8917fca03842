#pragma once

#include <cstdint>

#include "core/base/bytes.h"

// Big-endian integers of wire formats. `at` must lie inside `bytes`: callers check sizes first.
namespace latchkey {

inline void put_u16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

inline void put_u32(Bytes& out, std::uint32_t value) {
  put_u16(out, value >> 16);
  put_u16(out, value);
}

inline std::uint32_t get_u16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at] << 8 | bytes[at + 1]);
}

inline std::uint32_t get_u32(ByteView bytes, std::size_t at) {
  return get_u16(bytes, at) << 16 | get_u16(bytes, at + 2);
}

inline void put_bytes(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace latchkey
