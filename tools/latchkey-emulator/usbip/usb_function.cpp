#include "tools/latchkey-emulator/usbip/usb_function.h"

#include "tools/latchkey-emulator/usbip/descriptors.h"

namespace latchkey::emulator::usbip {
namespace {

/// bmRequestType and bRequest as one value.
constexpr std::uint16_t selector(std::uint8_t type, std::uint8_t request) {
  return static_cast<std::uint16_t>(type << 8 | request);
}

// USB 2.0 table 9-4: the standard requests that a device answers.
enum Selector : std::uint16_t {
  get_status_device = selector(0x80, 0),
  get_status_interface = selector(0x81, 0),
  get_status_endpoint = selector(0x82, 0),
  clear_halt = selector(0x02, 1),
  set_address = selector(0x00, 5),
  get_descriptor = selector(0x80, 6),
  get_interface_descriptor = selector(0x81, 6),
  get_configuration = selector(0x80, 8),
  set_configuration = selector(0x00, 9),
  get_interface = selector(0x81, 10),
  set_interface = selector(0x01, 11),
};

bool is_class_request(const Setup& setup) { return (setup.type & 0x60) == 0x20; }

std::optional<Bytes> answer(Device& device, const Setup& setup, ByteView data,
                            Device::Instant now) {
  if (is_class_request(setup)) return device.class_request(setup, data, now);
  switch (setup.selector()) {
    case get_descriptor:
    case get_interface_descriptor:
      return descriptor(device.usb(), setup);
    case get_status_device:
    case get_status_interface:
    case get_status_endpoint:
      return Bytes{0, 0};
    case get_configuration:
      return Bytes{1};
    case get_interface:
      return Bytes{0};
    case clear_halt:
    case set_address:
    case set_configuration:
    case set_interface:
      return Bytes();
    default:
      return std::nullopt;
  }
}

}  // namespace

tl::expected<Bytes, UrbStatus> control(Device& device, const Setup& setup, ByteView data,
                                       Device::Instant now) {
  auto out = answer(device, setup, data, now);
  if (!out) return tl::make_unexpected(UrbStatus::stall);
  if (out->size() > setup.length) out->resize(setup.length);
  return std::move(*out);
}

}  // namespace latchkey::emulator::usbip
