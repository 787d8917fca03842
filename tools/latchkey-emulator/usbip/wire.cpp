#include "tools/latchkey-emulator/usbip/wire.h"

#include <algorithm>

#include "drivers/hidkey/wire.h"

namespace latchkey::emulator::usbip {
namespace {

using hidkey::get_u16;
using hidkey::get_u32;
using hidkey::put_bytes;
using hidkey::put_u16;
using hidkey::put_u32;

constexpr std::uint32_t kVersion = 0x0111;
constexpr std::size_t kPathSize = 256;
constexpr std::uint32_t kFullSpeed = 2;  // enum usb_device_speed
// What a host may offer room for: an answer is as long as the device makes it. libccid offers the
// longest APDU with its header, in one transfer.
constexpr std::uint32_t kMaxInTransfer = std::uint32_t{1} << 20;

enum class Command : std::uint32_t { submit = 1, unlink = 2, submit_reply = 3, unlink_reply = 4 };

void put_operation(Bytes& out, Operation request, OperationStatus status) {
  put_u16(out, kVersion);
  put_u16(out, static_cast<std::uint32_t>(request) & 0x7FFF);  // a reply has the top bit clear
  put_u32(out, static_cast<std::uint32_t>(status));
}

void put_padded(Bytes& out, const std::string& text, std::size_t size) {
  const auto end = out.size() + size;
  put_bytes(out, as_bytes(text).first(std::min(text.size(), size - 1)));
  out.resize(end);
}

void put_device(Bytes& out, const ExportedDevice& device) {
  put_padded(out, device.path, kPathSize);
  put_padded(out, device.bus_id, kBusIdSize);
  put_u32(out, device.device_id() >> 16);
  put_u32(out, device.number);
  put_u32(out, kFullSpeed);
  put_u16(out, device.usb->vendor);
  put_u16(out, device.usb->product);
  put_u16(out, device.usb->release);
  // Class, subclass and protocol (in the interfaces), configuration value, number of configurations
  // and interfaces.
  put_bytes(out, Bytes{0, 0, 0, 1, 1, static_cast<std::uint8_t>(device.usb->interfaces.size())});
}

void put_urb_header(Bytes& out, Command command, std::uint32_t sequence, UrbStatus status,
                    std::size_t length) {
  const auto end = out.size() + kUrbHeaderSize;
  put_u32(out, static_cast<std::uint32_t>(command));
  put_u32(out, sequence);
  out.resize(out.size() + 12);  // device, direction and endpoint are the client's to remember
  put_u32(out, static_cast<std::uint32_t>(status));
  put_u32(out, static_cast<std::uint32_t>(length));
  out.resize(end);
}

bool parse_submit(ByteView header, UrbRequest& request) {
  request.length = get_u32(header, 24);
  const auto packets = get_u32(header, 32);
  std::ranges::copy(header.subspan(40, 8), request.setup.begin());
  const bool isochronous = packets != 0 && packets != 0xFFFFFFFF;
  return !isochronous && request.length <= (request.in ? kMaxInTransfer : kMaxOutTransfer);
}

}  // namespace

std::optional<Operation> parse_operation(ByteView header) {
  if (header.size() != kOperationSize || get_u16(header, 0) != kVersion) return std::nullopt;
  const auto operation = static_cast<Operation>(get_u16(header, 2));
  if (operation != Operation::import_device && operation != Operation::list_devices)
    return std::nullopt;
  return operation;
}

std::optional<std::string> parse_bus_id(ByteView field) {
  const auto text = as_text(field);
  const auto end = text.find('\0');
  if (field.size() != kBusIdSize || end == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(0, end));
}

Bytes list_reply(const std::vector<ExportedDevice>& devices) {
  Bytes out;
  put_operation(out, Operation::list_devices, OperationStatus::ok);
  put_u32(out, static_cast<std::uint32_t>(devices.size()));
  for (const auto& device : devices) {
    put_device(out, device);
    for (const auto& interface : device.usb->interfaces)
      put_bytes(out, Bytes{interface.interface_class, 0, 0, 0});  // and padding
  }
  return out;
}

Bytes import_reply(const ExportedDevice& device) {
  Bytes out;
  put_operation(out, Operation::import_device, OperationStatus::ok);
  put_device(out, device);
  return out;
}

Bytes import_refusal(OperationStatus status) {
  Bytes out;
  put_operation(out, Operation::import_device, status);
  return out;
}

std::optional<UrbRequest> parse_urb_request(ByteView header) {
  if (header.size() != kUrbHeaderSize) return std::nullopt;
  const auto command = static_cast<Command>(get_u32(header, 0));
  const auto direction = get_u32(header, 12);
  const auto endpoint = get_u32(header, 16);
  if (direction > 1 || endpoint > 15) return std::nullopt;
  UrbRequest request{.sequence = get_u32(header, 4),
                     .device_id = get_u32(header, 8),
                     .in = direction == 1,
                     .endpoint = static_cast<std::uint8_t>(endpoint)};
  if (command == Command::unlink) {
    request.kind = UrbRequest::Kind::unlink;
    request.victim = get_u32(header, 20);
    return request;
  }
  if (command != Command::submit || !parse_submit(header, request)) return std::nullopt;
  return request;
}

Bytes in_reply(std::uint32_t sequence, UrbStatus status, ByteView data) {
  Bytes out;
  put_urb_header(out, Command::submit_reply, sequence, status, data.size());
  put_bytes(out, data);
  return out;
}

Bytes out_reply(std::uint32_t sequence, UrbStatus status, std::uint32_t length) {
  Bytes out;
  put_urb_header(out, Command::submit_reply, sequence, status, length);
  return out;
}

Bytes unlink_reply(std::uint32_t sequence, UrbStatus status) {
  Bytes out;
  put_urb_header(out, Command::unlink_reply, sequence, status, 0);
  return out;
}

}  // namespace latchkey::emulator::usbip
