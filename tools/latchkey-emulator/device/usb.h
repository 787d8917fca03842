#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

// What a device tells the USB about itself (USB 2.0 chapter 9).
namespace latchkey::emulator {

enum class TransferType : std::uint8_t { bulk = 2, interrupt = 3 };

inline constexpr std::uint8_t kIn = 0x80;  ///< in an endpoint's address

struct Endpoint {
  std::uint8_t address = 0;  ///< number, with kIn for the direction to the host
  TransferType type = TransferType::bulk;
  std::uint16_t packet = 64;  ///< bytes
  std::uint8_t interval = 0;  ///< ms, of interrupt endpoints at full speed
};

struct Interface {
  static constexpr std::uint8_t kHid = 0x03, kSmartCard = 0x0B;  ///< classes

  std::uint8_t interface_class = kHid;
  Bytes class_descriptor;   ///< whole: that of HID 1.11 6.2.1, or of CCID 1.1 5.1
  Bytes report_descriptor;  ///< of HID
  std::vector<Endpoint> endpoints;
};

/// A full-speed device with one configuration, and without a serial number.
struct UsbProfile {
  std::uint16_t vendor = 0;
  std::uint16_t product = 0;
  std::uint16_t release = 0;  ///< bcdDevice
  std::string_view manufacturer;
  std::string_view name;
  std::vector<Interface> interfaces;

  /// The interface with this endpoint, and that endpoint. Null: there is none.
  const Interface* interface_with(std::uint8_t address) const;
  const Endpoint* endpoint(std::uint8_t address) const;
};

/// The class descriptor of a HID interface with this report descriptor (HID 1.11 6.2.1).
Bytes hid_descriptor(ByteView report_descriptor);

/// A request on endpoint 0, USB 2.0 section 9.3.
struct Setup {
  explicit Setup(const std::array<std::uint8_t, 8>& bytes);
  std::uint8_t type;
  std::uint8_t request;
  std::uint16_t value;
  std::uint16_t index;
  std::uint16_t length;

  /// bmRequestType and bRequest as one value.
  std::uint16_t selector() const { return static_cast<std::uint16_t>(type << 8 | request); }
};

// Selectors of HID 1.11 section 7.2 that every HID interface takes.
inline constexpr std::uint16_t kSetReport = 0x2109, kSetIdle = 0x210A;

}  // namespace latchkey::emulator
