#include "drivers/piv/license_slot.h"

#include <algorithm>

#include "core/base/big_endian.h"
#include "core/base/deflate.h"
#include "core/license/envelope.h"

namespace latchkey::piv {
namespace {

constexpr std::size_t kGenerationAt = 4, kLengthAt = 8, kCrcAt = 12, kPackedAt = 16;

/// Over everything after the magic but itself.
std::uint32_t checksum(ByteView content) {
  return crc32(
      {content.subspan(kGenerationAt, kCrcAt - kGenerationAt), content.subspan(kPackedAt)});
}

}  // namespace

Bytes pack(const LicenseSlot& slot) {
  Bytes out(kLicenseMagic.begin(), kLicenseMagic.end());
  put_u32(out, slot.generation);
  put_u32(out, static_cast<std::uint32_t>(slot.envelope.size()));
  put_u32(out, 0);
  put_bytes(out, deflate(slot.envelope, Wrapper::zlib));
  Bytes crc;
  put_u32(crc, checksum(out));
  std::ranges::copy(crc, out.begin() + kCrcAt);
  return out;
}

std::optional<LicenseSlot> unpack(ByteView content) {
  if (content.size() <= kPackedAt || as_text(content.first(kLicenseMagic.size())) != kLicenseMagic)
    return std::nullopt;
  const auto length = get_u32(content, kLengthAt);
  if (length == 0 || length > kMaxEnvelopeSize || get_u32(content, kCrcAt) != checksum(content))
    return std::nullopt;
  auto envelope = inflate(content.subspan(kPackedAt), Wrapper::zlib, length);
  if (!envelope || envelope->size() != length) return std::nullopt;
  return LicenseSlot{get_u32(content, kGenerationAt), *std::move(envelope)};
}

bool is_foreign(ByteView object, std::string_view magic) {
  // 53 and its length have four bytes at most; a torn object's length is more than there is.
  constexpr std::size_t kHead = 4;
  if (object.empty() || std::ranges::equal(object, Bytes{0x53, 0x00})) return false;
  const auto start = as_text(object.first(std::min(object.size(), kHead + magic.size())));
  return start.find(magic) == start.npos;
}

std::optional<std::size_t> winner(const LicenseSlots& slots) {
  if (!slots[0] && !slots[1]) return std::nullopt;
  if (!slots[0] || !slots[1]) return slots[0] ? 0 : 1;
  const auto ahead = slots[1]->generation - slots[0]->generation;
  return ahead != 0 && ahead < 0x80000000U ? 1 : 0;
}

}  // namespace latchkey::piv
