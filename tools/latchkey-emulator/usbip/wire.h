#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "tools/latchkey-emulator/device/usb.h"

// The messages of Linux Documentation/usb/usbip_protocol.rst, version 1.1.1. Integers are
// big-endian. Every request is hostile.
namespace latchkey::emulator::usbip {

inline constexpr std::size_t kOperationSize = 8;  ///< header of the requests before an import
inline constexpr std::size_t kBusIdSize = 32;
inline constexpr std::size_t kUrbHeaderSize = 48;  ///< header of every message after an import
/// Nothing that a host sends to a key comes near it: reports have 64 bytes, CCID messages 1,356.
inline constexpr std::uint32_t kMaxOutTransfer = 4096;

enum class Operation : std::uint16_t { import_device = 0x8003, list_devices = 0x8005 };

enum class OperationStatus : std::uint32_t { ok = 0, busy = 2, no_device = 4 };

/// The operation of a header; nothing when it is not one of ours or of another version.
std::optional<Operation> parse_operation(ByteView header);
/// The bus ID that ends an import request, without its zero padding; nothing when it is not padded.
std::optional<std::string> parse_bus_id(ByteView field);

/// A device as the list shows it. `number` is its place on bus 1.
struct ExportedDevice {
  std::string path;
  std::string bus_id;
  std::uint16_t number = 1;
  const UsbProfile* usb = nullptr;  ///< never null; the device's own
  /// How the messages after an import name it.
  std::uint32_t device_id() const { return std::uint32_t{1} << 16 | number; }
};

Bytes list_reply(const std::vector<ExportedDevice>& devices);
Bytes import_reply(const ExportedDevice& device);
Bytes import_refusal(OperationStatus status);

/// As the kernel's errno values, which is what the protocol carries.
enum class UrbStatus : std::int32_t {
  ok = 0,
  stall = -32,      ///< EPIPE
  overflow = -75,   ///< EOVERFLOW
  unlinked = -104,  ///< ECONNRESET
};

struct UrbRequest {
  enum class Kind { submit, unlink };
  Kind kind = Kind::submit;
  std::uint32_t sequence = 0;
  std::uint32_t device_id = 0;
  bool in = false;
  std::uint8_t endpoint = 0;
  std::uint32_t length = 0;  ///< submit: of the transfer, at most kMaxOutTransfer when out
  std::array<std::uint8_t, 8> setup{};  ///< submit to endpoint 0
  std::uint32_t victim = 0;             ///< unlink: the sequence number of the submit
};

/// Nothing when it is unknown, isochronous or out of bounds. `header` holds kUrbHeaderSize bytes.
std::optional<UrbRequest> parse_urb_request(ByteView header);

/// The answer to an IN transfer carries `data`, that to an OUT transfer says `length` alone.
Bytes in_reply(std::uint32_t sequence, UrbStatus status, ByteView data);
Bytes out_reply(std::uint32_t sequence, UrbStatus status, std::uint32_t length);
Bytes unlink_reply(std::uint32_t sequence, UrbStatus status);

}  // namespace latchkey::emulator::usbip
