#include "drivers/piv/deflate.h"

// zlib only reads its input.
#define ZLIB_CONST
#include <zlib.h>

namespace latchkey::piv {

std::uint32_t crc32(std::initializer_list<ByteView> parts) {
  auto out = ::crc32(0, nullptr, 0);
  for (const auto part : parts) out = ::crc32(out, part.data(), static_cast<uInt>(part.size()));
  return static_cast<std::uint32_t>(out);
}

Bytes deflate(ByteView plain) {
  auto size = ::compressBound(static_cast<uLong>(plain.size()));
  Bytes out(size);
  // With a buffer of that bound only a lack of memory can fail, which is not survived anywhere.
  if (::compress2(out.data(), &size, plain.data(), static_cast<uLong>(plain.size()),
                  Z_BEST_COMPRESSION) != Z_OK)
    size = 0;
  out.resize(size);
  return out;
}

std::optional<Bytes> inflate(ByteView packed, Wrapper wrapper, std::size_t most) {
  constexpr int kGzipWindow = MAX_WBITS + 16;
  z_stream stream{};
  stream.next_in = packed.data();
  stream.avail_in = static_cast<uInt>(packed.size());
  if (::inflateInit2(&stream, wrapper == Wrapper::gzip ? kGzipWindow : MAX_WBITS) != Z_OK)
    return std::nullopt;
  Bytes out(most);
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = ::inflate(&stream, Z_FINISH);
  const bool whole = outcome == Z_STREAM_END && stream.avail_in == 0;
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  if (!whole) return std::nullopt;
  return out;
}

}  // namespace latchkey::piv
