#include "drivers/ccid/class_descriptor.h"

#include <algorithm>

#include "drivers/ccid/messages.h"
#include "drivers/ccid/wire.h"

namespace latchkey::ccid {
namespace {

constexpr std::size_t kSize = 54;
constexpr std::uint8_t kType = 0x21;
constexpr std::uint32_t kAutomaticVoltage = 0x08;
constexpr std::uint32_t kShortApdu = 0x0002'0000;
constexpr std::uint32_t kExtendedApdu = 0x0004'0000;
constexpr std::size_t kLeastMessage = 64;  ///< a full-speed packet, as 5.1 demands at least

ClassDescriptor::Level level_of(std::uint32_t features) {
  if (features & kExtendedApdu) return ClassDescriptor::Level::extended_apdu;
  if (features & kShortApdu) return ClassDescriptor::Level::short_apdu;
  return ClassDescriptor::Level::tpdu;
}

std::vector<std::uint8_t> power_selects(std::uint32_t features, std::uint8_t voltages) {
  if (features & kAutomaticVoltage) return {0};
  std::vector<std::uint8_t> selects;
  for (std::uint8_t select = 1; select <= 3; ++select)
    if (voltages & 1 << (select - 1)) selects.push_back(select);
  // A reader that names none at all is asked to choose.
  return selects.empty() ? std::vector<std::uint8_t>{0} : selects;
}

}  // namespace

std::optional<ClassDescriptor> parse_class_descriptor(ByteView bytes) {
  if (bytes.size() != kSize || bytes[0] != kSize || bytes[1] != kType) return std::nullopt;
  const auto features = get_u32(bytes, 40);
  const std::size_t max_message = get_u32(bytes, 44);
  if (max_message < kLeastMessage) return std::nullopt;
  return ClassDescriptor{level_of(features), power_selects(features, bytes[5]),
                         std::min(max_message, kMaxMessage)};
}

}  // namespace latchkey::ccid
