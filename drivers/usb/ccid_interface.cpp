#include "drivers/usb/ccid_interface.h"

#include <span>

namespace latchkey {
namespace {

constexpr std::uint8_t kCcidDescriptorType = 0x21;
constexpr int kMaxPacketSize = 1024;

/// `extra`: descriptors one after another, as the device sent them.
std::optional<Bytes> find_descriptor(const unsigned char* extra, int length) {
  ByteView rest(extra, length > 0 ? static_cast<std::size_t>(length) : 0);
  while (rest.size() >= 2 && rest[0] >= 2 && rest[0] <= rest.size()) {
    if (rest[0] == kCcidDescriptorSize && rest[1] == kCcidDescriptorType)
      return Bytes(rest.begin(), rest.begin() + kCcidDescriptorSize);
    rest = rest.subspan(rest[0]);
  }
  return std::nullopt;
}

std::span<const libusb_endpoint_descriptor> endpoints(const libusb_interface_descriptor& setting) {
  return {setting.endpoint, setting.bNumEndpoints};
}

std::optional<Bytes> class_descriptor(const libusb_interface_descriptor& setting) {
  auto found = find_descriptor(setting.extra, setting.extra_length);
  for (const auto& endpoint : endpoints(setting))
    if (!found) found = find_descriptor(endpoint.extra, endpoint.extra_length);
  return found;
}

std::optional<CcidInterface> inspect(const libusb_interface_descriptor& setting) {
  if (setting.bInterfaceClass != LIBUSB_CLASS_SMART_CARD &&
      setting.bInterfaceClass != LIBUSB_CLASS_VENDOR_SPEC)
    return std::nullopt;
  auto descriptor = class_descriptor(setting);
  if (!descriptor) return std::nullopt;
  CcidInterface found{setting.bInterfaceNumber, 0, 0, 0, *std::move(descriptor)};
  for (const auto& endpoint : endpoints(setting)) {
    if ((endpoint.bmAttributes & 0x03) != LIBUSB_ENDPOINT_TRANSFER_TYPE_BULK) continue;
    if (endpoint.bEndpointAddress & LIBUSB_ENDPOINT_IN) {
      found.bulk_in = endpoint.bEndpointAddress;
      found.packet_size = endpoint.wMaxPacketSize;
    } else {
      found.bulk_out = endpoint.bEndpointAddress;
    }
  }
  if (!found.bulk_in || !found.bulk_out || found.packet_size < 1 ||
      found.packet_size > kMaxPacketSize)
    return std::nullopt;
  return found;
}

}  // namespace

std::optional<CcidInterface> find_ccid_interface(const libusb_config_descriptor& configuration) {
  for (const auto& interface : std::span(configuration.interface, configuration.bNumInterfaces)) {
    // A device comes up in the first setting of each interface, and this program changes none.
    if (interface.num_altsetting < 1) continue;
    if (auto found = inspect(interface.altsetting[0])) return found;
  }
  return std::nullopt;
}

}  // namespace latchkey
