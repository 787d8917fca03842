#pragma once

#include <cstring>
#include <string_view>

#include "drivers/hidkey/ctaphid.h"
#include "drivers/hidkey/wire.h"

// The host's half of USB/IP, byte by byte and without the server's own code, for scripts.
namespace latchkey::emulator::usbip::script {

inline constexpr std::uint32_t kDevice = 0x00010001;  // bus 1, device 1

inline Bytes operation(std::uint32_t code, std::uint32_t version = 0x0111) {
  Bytes out;
  hidkey::put_u16(out, version);
  hidkey::put_u16(out, code);
  hidkey::put_u32(out, 0);
  return out;
}

inline Bytes list() { return operation(0x8005); }

inline Bytes import_device(std::string_view bus_id) {
  auto out = operation(0x8003);
  hidkey::put_bytes(out, as_bytes(bus_id));
  out.resize(8 + 32);
  return out;
}

struct Submit {
  std::uint32_t sequence = 1;
  bool in = true;
  std::uint32_t endpoint = 1;
  std::uint32_t length = 64;
  Bytes setup = Bytes(8);
  Bytes data = {};
  std::uint32_t device = kDevice;
  std::uint32_t packets = 0;
};

inline Bytes submit(const Submit& urb) {
  Bytes out;
  for (const std::uint32_t field :
       {std::uint32_t{1}, urb.sequence, urb.device, std::uint32_t{urb.in}, urb.endpoint,
        std::uint32_t{0}, urb.length, std::uint32_t{0}, urb.packets, std::uint32_t{0}})
    hidkey::put_u32(out, field);
  hidkey::put_bytes(out, urb.setup);
  hidkey::put_bytes(out, urb.data);
  return out;
}

inline Bytes unlink(std::uint32_t sequence, std::uint32_t victim) {
  Bytes out;
  for (const std::uint32_t field :
       {std::uint32_t{2}, sequence, kDevice, std::uint32_t{0}, std::uint32_t{0}, victim})
    hidkey::put_u32(out, field);
  out.resize(48);
  return out;
}

/// A CTAPHID INIT with this nonce, as an interrupt OUT transfer.
inline Bytes submit_init(std::uint32_t sequence, std::uint8_t nonce) {
  const auto report =
      ctaphid::split({ctaphid::kBroadcast, static_cast<std::uint8_t>(ctaphid::Command::init),
                      Bytes(ctaphid::kNonceSize, nonce)})
          .front();
  return submit({.sequence = sequence, .in = false, .data = Bytes(report.begin(), report.end())});
}

/// A message after the import.
struct Reply {
  std::uint32_t command = 0;
  std::uint32_t sequence = 0;
  std::int32_t status = 0;
  std::uint32_t length = 0;
  Bytes data;
  bool operator==(const Reply&) const = default;
};

/// Takes one reply off the front; `carries_data` for the answer to an IN transfer.
inline Reply take_reply(Bytes& stream, bool carries_data = true) {
  Reply out;
  if (stream.size() < 48) return out;
  out.command = hidkey::get_u32(stream, 0);
  out.sequence = hidkey::get_u32(stream, 4);
  out.status = static_cast<std::int32_t>(hidkey::get_u32(stream, 20));
  if (out.command == 3) out.length = hidkey::get_u32(stream, 24);
  const std::size_t size = 48 + (carries_data ? out.length : 0);
  if (stream.size() < size) return {};
  out.data.assign(stream.begin() + 48, stream.begin() + static_cast<std::ptrdiff_t>(size));
  stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
  return out;
}

}  // namespace latchkey::emulator::usbip::script
