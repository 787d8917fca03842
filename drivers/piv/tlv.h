#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

// BER-TLV data objects (ISO 7816-4 section 5.2.2): tags of at most three bytes, definite lengths of
// at most 65,535. Views point into what was given. Everything read is hostile.
namespace latchkey::piv {

struct Tlv {
  std::uint32_t tag = 0;
  ByteView value;
};

/// Takes the first object off `rest`; nothing, and `rest` as it was, when there is no whole one.
std::optional<Tlv> take_tlv(ByteView& rest);
/// The value of the first object with this tag; nothing when there is none before the end or the
/// first malformed object.
std::optional<ByteView> find_tlv(ByteView objects, std::uint32_t tag);
/// The value of `object` when it is one object with this tag and nothing else.
std::optional<ByteView> only_tlv(ByteView object, std::uint32_t tag);

/// `value` has at most 65,535 bytes. Lengths are written in the shortest form.
void put_tlv(Bytes& out, std::uint32_t tag, ByteView value);
Bytes make_tlv(std::uint32_t tag, ByteView value);

}  // namespace latchkey::piv
