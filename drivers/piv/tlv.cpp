#include "drivers/piv/tlv.h"

#include "core/base/big_endian.h"

namespace latchkey::piv {
namespace {

constexpr std::size_t kMostTagBytes = 3;
constexpr std::size_t kMostLengthBytes = 2;

/// Consumes the big-endian number in the first `count` bytes.
std::optional<std::uint32_t> take_number(ByteView& rest, std::size_t count) {
  if (rest.size() < count) return std::nullopt;
  std::uint32_t out = 0;
  for (const auto byte : rest.first(count)) out = out << 8 | byte;
  rest = rest.subspan(count);
  return out;
}

std::optional<std::uint32_t> take_tag(ByteView& rest) {
  if (rest.empty()) return std::nullopt;
  std::size_t size = 1;
  if ((rest[0] & 0x1F) == 0x1F) {
    do {
      if (size == kMostTagBytes || size == rest.size()) return std::nullopt;
    } while ((rest[size++] & 0x80) != 0);
  }
  return take_number(rest, size);
}

std::optional<std::uint32_t> take_length(ByteView& rest) {
  const auto first = take_number(rest, 1);
  if (!first || *first < 0x80) return first;
  const std::size_t count = *first & 0x7F;
  if (count == 0 || count > kMostLengthBytes) return std::nullopt;
  return take_number(rest, count);
}

}  // namespace

std::optional<Tlv> take_tlv(ByteView& rest) {
  auto at = rest;
  const auto tag = take_tag(at);
  const auto length = tag ? take_length(at) : std::nullopt;
  if (!length || *length > at.size()) return std::nullopt;
  rest = at.subspan(*length);
  return Tlv{*tag, at.first(*length)};
}

std::optional<ByteView> find_tlv(ByteView objects, std::uint32_t tag) {
  while (const auto object = take_tlv(objects))
    if (object->tag == tag) return object->value;
  return std::nullopt;
}

std::optional<ByteView> only_tlv(ByteView object, std::uint32_t tag) {
  const auto found = take_tlv(object);
  if (!found || found->tag != tag || !object.empty()) return std::nullopt;
  return found->value;
}

void put_tlv(Bytes& out, std::uint32_t tag, ByteView value) {
  for (int shift = 16; shift >= 0; shift -= 8)
    if (shift == 0 || tag >> shift != 0) out.push_back(static_cast<std::uint8_t>(tag >> shift));
  const auto length = static_cast<std::uint32_t>(value.size());
  if (length >= 0x100) {
    out.push_back(0x82);
    put_u16(out, length);
  } else {
    if (length >= 0x80) out.push_back(0x81);
    out.push_back(static_cast<std::uint8_t>(length));
  }
  put_bytes(out, value);
}

Bytes make_tlv(std::uint32_t tag, ByteView value) {
  Bytes out;
  put_tlv(out, tag, value);
  return out;
}

}  // namespace latchkey::piv
