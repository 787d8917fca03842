#pragma once

#include <string>
#include <string_view>

#include "tools/latchkey-emulator/piv/card.h"

namespace latchkey::test {

/// A host at an emulated PIV card, in hexadecimal. Keeps what the card made durable.
class PivHost {
 public:
  explicit PivHost(const emulator::piv::Model& model = {})
      : card(emulator::piv::make_state(model).value(), [this](const auto& next) {
          if (!can_persist) return false;
          durable = next;
          return true;
        }) {}

  /// One command; the response with its status word.
  std::string send(std::string_view command) { return to_hex(card.transmit(*from_hex(command))); }
  std::string select() { return send("00a4040005a000000308"); }
  /// SELECT, then the factory's management key in one direction.
  std::string authenticate() {
    select();
    const auto& key = card.state().management;
    const std::string head = "0087" + hex(static_cast<std::size_t>(key.cipher)) + "9b";
    const auto challenge = *from_hex(send(head + "047c028100"));
    const auto block = ByteView(challenge).subspan(4, key.block_size());
    const auto proof = key.encrypt(block);
    return send(head + hex(4 + proof.size()) + "7c" + hex(2 + proof.size()) + "82" +
                hex(proof.size()) + to_hex(proof));
  }
  /// A short PUT DATA of `content` into 5FC1xx: the data field as it would go out unchained.
  static std::string put_field(std::string_view object, std::string_view content) {
    return "5c035fc1" + std::string(object) + std::string(content);
  }
  static std::string hex(std::size_t byte) {
    return to_hex(Bytes{static_cast<std::uint8_t>(byte)});
  }

  bool can_persist = true;
  emulator::piv::PivState durable;  ///< what a power cut would leave
  emulator::piv::PivCard card;
};

}  // namespace latchkey::test
