#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"

// BER-TLV as far as PIV uses it: tags of one or two bytes, lengths up to 65,535 (ISO 7816-4 5.2.2).
namespace latchkey::emulator::piv {

struct Tlv {
  std::uint16_t tag = 0;
  ByteView value;
};

/// All of `bytes` as TLVs; nothing when one does not end where it says.
std::optional<std::vector<Tlv>> parse_tlvs(ByteView bytes);
/// The value of the first one with this tag.
std::optional<ByteView> find_tlv(const std::vector<Tlv>& tlvs, std::uint16_t tag);
/// The TLVs inside `bytes`, which must be one TLV with this tag.
std::optional<std::vector<Tlv>> parse_template(ByteView bytes, std::uint16_t tag);

/// Takes one TLV's head off the front: its tag and the length that it claims, which may be more
/// than what follows.
struct TlvHead {
  std::uint16_t tag = 0;
  std::size_t length = 0;
};
std::optional<TlvHead> take_head(ByteView& bytes);

void put_tlv(Bytes& out, std::uint16_t tag, ByteView value);
Bytes tlv(std::uint16_t tag, ByteView value);

}  // namespace latchkey::emulator::piv
