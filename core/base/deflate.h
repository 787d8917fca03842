#pragma once

#include <initializer_list>
#include <tl/expected.hpp>

#include "core/base/bytes.h"

namespace latchkey {

/// zlib's CRC-32 (ISO 3309, as in gzip) over the concatenation of `parts`.
std::uint32_t crc32(std::initializer_list<ByteView> parts);

enum class Wrapper {
  zlib,  ///< RFC 1950
  gzip,  ///< RFC 1952
};

/// As small as zlib can make it; the same bytes each time (a gzip header without time or name).
Bytes deflate(ByteView plain, Wrapper wrapper);

enum class InflateFault {
  too_large,  ///< there would be more
  damaged,    ///< not such data, cut short, or its checksum is wrong
  followed,   ///< whole, and something follows
};
/// At most `most` bytes (from 1), however small `packed` is: no bomb. Both are less than 4 GiB.
tl::expected<Bytes, InflateFault> inflate(ByteView packed, Wrapper wrapper, std::size_t most);

}  // namespace latchkey
