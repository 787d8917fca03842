#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/latchkey-emulator/piv/management_key.h"
#include "tools/latchkey-emulator/piv/token_key.h"

namespace latchkey::emulator::piv {

/// What kind of token it is. Chosen when it is made.
struct Model {
  bool short_apdu = false;  ///< no extended APDUs: 61xx and chaining instead
  bool composite = false;   ///< has a FIDO HID interface beside the CCID one
  bool aes = false;         ///< firmware 5.7, which leaves the factory with an AES-192 key
  /// Of the firmware.
  std::array<std::uint8_t, 3> version() const;
  bool operator==(const Model&) const = default;
};

/// A PIN or PUK: eight bytes, padded with FF.
struct Pin {
  std::array<std::uint8_t, 8> value{};
  std::uint8_t left = 3;  ///< tries
  std::uint8_t total = 3;
};

struct KeySlot {
  TokenKey key;
  std::uint8_t pin_policy = 1;  ///< 1 never, 2 once a session, 3 always
  std::uint8_t touch_policy = 1;
  bool imported = false;
};

/// What survives without power.
struct PivState {
  Model model;
  std::uint32_t serial = 0;
  ManagementKey management;
  Pin pin;
  Pin puk;
  std::map<std::uint8_t, KeySlot> keys;    ///< by key reference, 9E among them
  std::map<std::uint32_t, Bytes> objects;  ///< by tag, 5FC101 among them: all that PUT DATA carried
                                           ///< after the tag, the 53 and its length included
};

/// Makes a state durable, whole or not at all; false: it could not, and the old one stands.
using Persist = std::function<bool(const PivState&)>;

/// A factory-new token: PIN 123456, PUK 12345678, the well-known management key, no keys, no
/// objects. Error: `no-random`.
Result<PivState> make_state(const Model& model);
/// As after RESET: all but the model and the serial number is as from the factory.
PivState factory_reset(const PivState& state);

/// The text of a state file (JSON). It holds private keys.
std::string encode(const PivState& state);
/// Whether a state file is that of a PIV token, by its member `kind`.
bool is_state(std::string_view text);
/// Error: `invalid-format`.
Result<PivState> parse_state(std::string_view text);

}  // namespace latchkey::emulator::piv
