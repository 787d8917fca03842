#include "tools/latchkey-emulator/device/usb.h"

#include <algorithm>

namespace latchkey::emulator {

const Interface* UsbProfile::interface_with(std::uint8_t address) const {
  const auto found = std::ranges::find_if(interfaces, [&](const Interface& interface) {
    return std::ranges::count(interface.endpoints, address, &Endpoint::address) != 0;
  });
  return found == interfaces.end() ? nullptr : &*found;
}

const Endpoint* UsbProfile::endpoint(std::uint8_t address) const {
  const auto* const interface = interface_with(address);
  if (interface == nullptr) return nullptr;
  return &*std::ranges::find(interface->endpoints, address, &Endpoint::address);
}

Bytes hid_descriptor(ByteView report_descriptor) {
  constexpr std::uint8_t kHidDescriptor = 0x21, kReportDescriptor = 0x22;
  return {9,
          kHidDescriptor,
          0x11,
          0x01,  // HID 1.11
          0,
          1,
          kReportDescriptor,
          static_cast<std::uint8_t>(report_descriptor.size()),
          static_cast<std::uint8_t>(report_descriptor.size() >> 8)};
}

Setup::Setup(const std::array<std::uint8_t, 8>& bytes)
    : type(bytes[0]),
      request(bytes[1]),
      value(static_cast<std::uint16_t>(bytes[2] | bytes[3] << 8)),
      index(static_cast<std::uint16_t>(bytes[4] | bytes[5] << 8)),
      length(static_cast<std::uint16_t>(bytes[6] | bytes[7] << 8)) {}

}  // namespace latchkey::emulator
