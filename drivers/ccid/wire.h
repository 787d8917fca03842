#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

// CCID's integers are little-endian. The caller has checked the length.
namespace latchkey::ccid {

inline std::uint32_t get_u32(ByteView bytes, std::size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

inline void put_u16(Bytes& out, std::uint32_t value) {
  for (const int shift : {0, 8}) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

inline void put_u32(Bytes& out, std::uint32_t value) {
  for (const int shift : {0, 8, 16, 24}) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace latchkey::ccid
