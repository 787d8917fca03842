#include "tools/latchkey-emulator/piv/tlv.h"

#include <algorithm>

namespace latchkey::emulator::piv {
namespace {

std::optional<std::uint8_t> take_byte(ByteView& bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto byte = bytes.front();
  bytes = bytes.subspan(1);
  return byte;
}

std::optional<std::size_t> take_length(ByteView& bytes) {
  const auto first = take_byte(bytes);
  if (!first || *first < 0x80) return first;
  if (*first != 0x81 && *first != 0x82) return std::nullopt;
  std::size_t length = 0;
  for (int i = 0x80; i < *first; ++i) {
    const auto byte = take_byte(bytes);
    if (!byte) return std::nullopt;
    length = length << 8 | *byte;
  }
  return length;
}

}  // namespace

std::optional<TlvHead> take_head(ByteView& bytes) {
  const auto first = take_byte(bytes);
  if (!first) return std::nullopt;
  TlvHead head{.tag = *first};
  if ((*first & 0x1F) == 0x1F) {
    const auto second = take_byte(bytes);
    if (!second) return std::nullopt;
    head.tag = static_cast<std::uint16_t>(*first << 8 | *second);
  }
  const auto length = take_length(bytes);
  if (!length) return std::nullopt;
  head.length = *length;
  return head;
}

std::optional<std::vector<Tlv>> parse_tlvs(ByteView bytes) {
  std::vector<Tlv> out;
  while (!bytes.empty()) {
    const auto head = take_head(bytes);
    if (!head || head->length > bytes.size()) return std::nullopt;
    out.push_back({head->tag, bytes.first(head->length)});
    bytes = bytes.subspan(head->length);
  }
  return out;
}

std::optional<ByteView> find_tlv(const std::vector<Tlv>& tlvs, std::uint16_t tag) {
  const auto found = std::ranges::find(tlvs, tag, &Tlv::tag);
  if (found == tlvs.end()) return std::nullopt;
  return found->value;
}

std::optional<std::vector<Tlv>> parse_template(ByteView bytes, std::uint16_t tag) {
  const auto outer = parse_tlvs(bytes);
  if (!outer || outer->size() != 1 || outer->front().tag != tag) return std::nullopt;
  return parse_tlvs(outer->front().value);
}

void put_tlv(Bytes& out, std::uint16_t tag, ByteView value) {
  if (tag > 0xFF) out.push_back(static_cast<std::uint8_t>(tag >> 8));
  out.push_back(static_cast<std::uint8_t>(tag));
  if (value.size() > 0xFF) out.push_back(0x82);
  if (value.size() > 0x7F && value.size() <= 0xFF) out.push_back(0x81);
  if (value.size() > 0xFF) out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
}

Bytes tlv(std::uint16_t tag, ByteView value) {
  Bytes out;
  put_tlv(out, tag, value);
  return out;
}

}  // namespace latchkey::emulator::piv
