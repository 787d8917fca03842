#include "tools/latchkey-emulator/usbip/usb_function.h"

#include <string_view>

#include "tools/latchkey-emulator/device/descriptors.h"

namespace latchkey::emulator::usbip {
namespace {

using Answer = tl::expected<Bytes, UrbStatus>;

constexpr std::uint8_t low(std::size_t value) { return static_cast<std::uint8_t>(value); }
constexpr std::uint8_t high(std::size_t value) { return static_cast<std::uint8_t>(value >> 8); }

constexpr std::uint8_t kReportBytes = 64;
constexpr std::uint8_t kControlPacket = 64;

/// bmRequestType and bRequest as one value.
constexpr std::uint16_t selector(std::uint8_t type, std::uint8_t request) {
  return static_cast<std::uint16_t>(type << 8 | request);
}

// USB 2.0 table 9-4 and HID 1.11 section 7: the requests that a key answers.
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
  set_report = selector(0x21, 9),
  set_idle = selector(0x21, 10),
};

enum Descriptor : std::uint8_t {
  device_descriptor = 1,
  configuration_descriptor = 2,
  string_descriptor = 3,
  hid_descriptor = 0x21,
  report_descriptor = 0x22,
};

Bytes device_bytes() {
  return {18,
          device_descriptor,
          0x00,
          0x02,  // bcdUSB 2.00
          0,
          0,
          0,  // class, subclass, protocol: the interface's
          kControlPacket,
          low(kVendorId),
          high(kVendorId),
          low(kProductId),
          high(kProductId),
          low(kDeviceRelease),
          high(kDeviceRelease),
          1,   // manufacturer
          2,   // product
          0,   // no serial number: docs/protocol-hidkey.md section 2
          1};  // configurations
}

Bytes hid_bytes() {
  return {9,
          hid_descriptor,
          0x11,
          0x01,  // HID 1.11
          0,
          1,
          report_descriptor,
          low(kReportDescriptor.size()),
          high(kReportDescriptor.size())};
}

void append_endpoint(Bytes& out, std::uint8_t address) {
  out.insert(out.end(), {7, 5, address, 3 /* interrupt */, kReportBytes, 0, kPollInterval});
}

Bytes configuration_bytes() {
  Bytes out{9,    configuration_descriptor, 0, 0,  // total length, below
            1,                                     // interfaces
            1,                                     // value
            0,                                     // no name
            0x80,                                  // bus powered
            50};                                   // 100 mA
  out.insert(out.end(), {9, 4, 0, 0, 2 /* endpoints */, kHidClass, 0, 0, 0});
  const auto hid = hid_bytes();
  out.insert(out.end(), hid.begin(), hid.end());
  append_endpoint(out, 0x80 | kReportEndpoint);
  append_endpoint(out, kReportEndpoint);
  out[2] = low(out.size());
  out[3] = high(out.size());
  return out;
}

Bytes string_bytes(std::string_view text) {
  Bytes out{low(2 + 2 * text.size()), string_descriptor};
  for (const char c : text) out.insert(out.end(), {static_cast<std::uint8_t>(c), 0});  // UTF-16LE
  return out;
}

Answer string_of(std::uint8_t index) {
  switch (index) {
    case 0:
      return Bytes{4, string_descriptor, 0x09, 0x04};  // the languages: English (United States)
    case 1:
      return string_bytes(kManufacturer);
    case 2:
      return string_bytes(kProduct);
    default:
      return tl::make_unexpected(UrbStatus::stall);
  }
}

Answer descriptor(const Setup& setup) {
  switch (high(setup.value)) {
    case device_descriptor:
      return device_bytes();
    case configuration_descriptor:
      return configuration_bytes();
    case string_descriptor:
      return string_of(low(setup.value));
    case hid_descriptor:
      return hid_bytes();
    case report_descriptor:
      return Bytes(kReportDescriptor.begin(), kReportDescriptor.end());
    default:  // a device qualifier among them: that is how a full-speed device says so
      return tl::make_unexpected(UrbStatus::stall);
  }
}

Answer answer(Device& device, const Setup& setup, ByteView data, Device::Instant now) {
  switch (selector(setup.type, setup.request)) {
    case get_descriptor:
    case get_interface_descriptor:
      return descriptor(setup);
    case get_status_device:
    case get_status_interface:
    case get_status_endpoint:
      return Bytes{0, 0};
    case get_configuration:
      return Bytes{1};
    case get_interface:
      return Bytes{0};
    case set_report:
      device.output_report(data, now);
      return Bytes();
    case clear_halt:
    case set_address:
    case set_configuration:
    case set_interface:
    case set_idle:
      return Bytes();
    default:
      return tl::make_unexpected(UrbStatus::stall);
  }
}

}  // namespace

Setup::Setup(const std::array<std::uint8_t, 8>& bytes)
    : type(bytes[0]),
      request(bytes[1]),
      value(static_cast<std::uint16_t>(bytes[2] | bytes[3] << 8)),
      index(static_cast<std::uint16_t>(bytes[4] | bytes[5] << 8)),
      length(static_cast<std::uint16_t>(bytes[6] | bytes[7] << 8)) {}

tl::expected<Bytes, UrbStatus> control(Device& device, const Setup& setup, ByteView data,
                                       Device::Instant now) {
  auto out = answer(device, setup, data, now);
  if (out && out->size() > setup.length) out->resize(setup.length);
  return out;
}

}  // namespace latchkey::emulator::usbip
