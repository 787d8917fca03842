#pragma once

#include <initializer_list>
#include <optional>

#include "core/base/bytes.h"

namespace latchkey::piv {

/// zlib's CRC-32 (ISO 3309, as in gzip) over the concatenation of `parts`.
std::uint32_t crc32(std::initializer_list<ByteView> parts);

enum class Wrapper {
  zlib,  ///< RFC 1950
  gzip,  ///< RFC 1952
};

/// As small as zlib can make it, RFC 1950.
Bytes deflate(ByteView plain);
/// At most `most` bytes, however small `packed` is: no bomb. Nothing when there would be more, when
/// it is damaged or cut short, or when anything follows it.
std::optional<Bytes> inflate(ByteView packed, Wrapper wrapper, std::size_t most);

}  // namespace latchkey::piv
