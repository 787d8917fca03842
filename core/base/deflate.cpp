#include "core/base/deflate.h"

#include <algorithm>

// zlib only reads its input.
#define ZLIB_CONST
#include <zlib.h>

namespace latchkey {
namespace {

int window_bits(Wrapper wrapper) { return wrapper == Wrapper::gzip ? MAX_WBITS + 16 : MAX_WBITS; }

z_stream reading(ByteView bytes) {
  z_stream stream{};
  stream.next_in = bytes.data();
  stream.avail_in = static_cast<uInt>(bytes.size());
  return stream;
}

/// Room for more, up to `most`: what is not needed is never touched.
void grow(Bytes& out, z_stream& stream, std::size_t most) {
  out.resize(std::min(most, std::max<std::size_t>(out.size() * 2, 64 * 1024)));
  stream.next_out = out.data() + stream.total_out;
  stream.avail_out = static_cast<uInt>(out.size() - stream.total_out);
}

}  // namespace

std::uint32_t crc32(std::initializer_list<ByteView> parts) {
  auto out = ::crc32(0, nullptr, 0);
  for (const auto part : parts) out = ::crc32(out, part.data(), static_cast<uInt>(part.size()));
  return static_cast<std::uint32_t>(out);
}

Bytes deflate(ByteView plain, Wrapper wrapper) {
  auto stream = reading(plain);
  constexpr int kMemory = 8;
  // With a buffer of that bound only a lack of memory can fail, which is not survived anywhere.
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits(wrapper), kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  Bytes out(::deflateBound(&stream, static_cast<uLong>(plain.size())));
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

tl::expected<Bytes, InflateFault> inflate(ByteView packed, Wrapper wrapper, std::size_t most) {
  auto stream = reading(packed);
  if (::inflateInit2(&stream, window_bits(wrapper)) != Z_OK)
    return tl::make_unexpected(InflateFault::damaged);
  Bytes out;
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    // A full buffer that was enough still needs one call to read the checksum.
    if (stream.avail_out == 0 && out.size() < most) grow(out, stream, most);
    outcome = ::inflate(&stream, Z_NO_FLUSH);
  }
  const bool followed = stream.avail_in != 0;
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  if (outcome == Z_BUF_ERROR && followed) return tl::make_unexpected(InflateFault::too_large);
  if (outcome != Z_STREAM_END) return tl::make_unexpected(InflateFault::damaged);
  if (followed) return tl::make_unexpected(InflateFault::followed);
  return out;
}

}  // namespace latchkey
