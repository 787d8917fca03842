#include "tools/latchkey-emulator/usbip/descriptors.h"

namespace latchkey::emulator::usbip {
namespace {

constexpr std::uint8_t low(std::size_t value) { return static_cast<std::uint8_t>(value); }
constexpr std::uint8_t high(std::size_t value) { return static_cast<std::uint8_t>(value >> 8); }

constexpr std::uint8_t kControlPacket = 64;
constexpr std::uint8_t kOfInterface = 0x81;  // bmRequestType: the interface's own descriptors

enum Descriptor : std::uint8_t {
  device_descriptor = 1,
  configuration_descriptor = 2,
  string_descriptor = 3,
  class_descriptor = 0x21,
  report_descriptor = 0x22,
};

Bytes device_bytes(const UsbProfile& usb) {
  return {18,
          device_descriptor,
          0x00,
          0x02,  // bcdUSB 2.00
          0,
          0,
          0,  // class, subclass, protocol: the interface's
          kControlPacket,
          low(usb.vendor),
          high(usb.vendor),
          low(usb.product),
          high(usb.product),
          low(usb.release),
          high(usb.release),
          1,   // manufacturer
          2,   // product
          0,   // no serial number: a key is recognised by its key ID alone
          1};  // configurations
}

void append(Bytes& out, const Interface& interface, std::uint8_t number) {
  out.insert(out.end(), {9, 4, number, 0, low(interface.endpoints.size()),
                         interface.interface_class, 0, 0, 0});
  out.insert(out.end(), interface.class_descriptor.begin(), interface.class_descriptor.end());
  for (const auto& endpoint : interface.endpoints)
    out.insert(out.end(), {7, 5, endpoint.address, static_cast<std::uint8_t>(endpoint.type),
                           low(endpoint.packet), high(endpoint.packet), endpoint.interval});
}

Bytes configuration_bytes(const UsbProfile& usb) {
  Bytes out{9,
            configuration_descriptor,
            0,
            0,  // total length, below
            low(usb.interfaces.size()),
            1,     // value
            0,     // no name
            0x80,  // bus powered
            50};   // 100 mA
  for (std::size_t i = 0; i < usb.interfaces.size(); ++i) append(out, usb.interfaces[i], low(i));
  out[2] = low(out.size());
  out[3] = high(out.size());
  return out;
}

Bytes string_bytes(std::string_view text) {
  Bytes out{low(2 + 2 * text.size()), string_descriptor};
  for (const char c : text) out.insert(out.end(), {static_cast<std::uint8_t>(c), 0});  // UTF-16LE
  return out;
}

std::optional<Bytes> string_of(const UsbProfile& usb, std::uint8_t index) {
  switch (index) {
    case 0:
      return Bytes{4, string_descriptor, 0x09, 0x04};  // the languages: English (United States)
    case 1:
      return string_bytes(usb.manufacturer);
    case 2:
      return string_bytes(usb.name);
    default:
      return std::nullopt;
  }
}

std::optional<Bytes> interface_bytes(const UsbProfile& usb, const Setup& setup) {
  if (setup.index >= usb.interfaces.size()) return std::nullopt;
  const auto& interface = usb.interfaces[setup.index];
  if (high(setup.value) == class_descriptor) return interface.class_descriptor;
  if (high(setup.value) == report_descriptor && !interface.report_descriptor.empty())
    return interface.report_descriptor;
  return std::nullopt;
}

}  // namespace

std::optional<Bytes> descriptor(const UsbProfile& usb, const Setup& setup) {
  if (setup.type == kOfInterface) return interface_bytes(usb, setup);
  switch (high(setup.value)) {
    case device_descriptor:
      return device_bytes(usb);
    case configuration_descriptor:
      return configuration_bytes(usb);
    case string_descriptor:
      return string_of(usb, low(setup.value));
    default:  // a device qualifier among them: that is how a full-speed device says so
      return std::nullopt;
  }
}

}  // namespace latchkey::emulator::usbip
