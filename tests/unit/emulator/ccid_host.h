#pragma once

#include <string>
#include <string_view>

#include "tools/latchkey-emulator/ccid/ccid_device.h"

namespace latchkey::emulator::ccid {

/// A host at an emulated token's bulk endpoints, in hexadecimal, with its own idea of the messages.
class CcidHost {
 public:
  using Instant = Device::Instant;

  explicit CcidHost(const piv::Model& model = {})
      : device(piv::make_state(model).value(), [](const piv::PivState&) { return true; }) {
    device.attach();
  }

  /// PC_to_RDR: header and data; `extra` is bytes 7 to 9.
  static Bytes message(std::uint8_t type, const Bytes& data = {}, const Bytes& extra = {0, 0, 0},
                       std::uint8_t slot = 0) {
    Bytes out{type};
    for (int shift = 0; shift < 32; shift += 8)
      out.push_back(static_cast<std::uint8_t>(data.size() >> shift));
    out.insert(out.end(), {slot, 0x2A});
    out.insert(out.end(), extra.begin(), extra.end());
    out.insert(out.end(), data.begin(), data.end());
    return out;
  }
  static Bytes block(std::string_view apdu, std::uint8_t level = 0) {
    return message(0x6F, *from_hex(apdu), {0, level, 0});
  }

  void write(const Bytes& transfer) { device.write(Device::kKeyEndpoint, transfer, now); }
  /// What is due: the whole message; "-" when there is nothing.
  std::string read() {
    const auto answer = device.read(Device::kKeyEndpoint, now);
    return answer ? to_hex(*answer) : "-";
  }
  std::string send(const Bytes& transfer) {
    write(transfer);
    return read();
  }
  std::string power_on() { return send(message(0x62)); }
  /// The response APDU of one command.
  std::string apdu(std::string_view command) {
    const auto answer = send(block(command));
    return answer.size() < 20 ? answer : answer.substr(20);
  }

  Instant now{std::chrono::hours(1)};
  CcidDevice device;
};

}  // namespace latchkey::emulator::ccid
