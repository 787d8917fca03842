#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"

// The license slots of docs/protocol-piv.md section 3: what stands in objects 5FC10D and 5FC10E.
namespace latchkey::piv {

/// What the objects of ours begin with: a license slot, a stamp.
inline constexpr std::string_view kLicenseMagic = "LKL1", kStampMagic = "LKS1";
/// Whether a stored object, its 53 included, is somebody else's (to PIV these objects are the
/// certificates of retired keys): neither empty nor begun as one of ours, however it ends.
bool is_foreign(ByteView object, std::string_view magic);

struct LicenseSlot {
  std::uint32_t generation = 0;
  Bytes envelope;
};

/// The content of the object; `envelope` is not empty.
Bytes pack(const LicenseSlot& slot);
/// Nothing unless everything is right: magic, length, CRC, and that the envelope unpacks to exactly
/// its length.
std::optional<LicenseSlot> unpack(ByteView content);

using LicenseSlots = std::array<std::optional<LicenseSlot>, 2>;  ///< A, B
/// The index of the slot that counts: the one whose generation is ahead. Generations are serial
/// numbers (RFC 1982), so that the one after 4,294,967,295 is 0.
std::optional<std::size_t> winner(const LicenseSlots& slots);

}  // namespace latchkey::piv
