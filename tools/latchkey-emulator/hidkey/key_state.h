#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/keys.h"
#include "core/base/sha256.h"

namespace latchkey::emulator {

/// A committed license slot.
struct Slot {
  std::uint32_t generation = 0;
  Bytes content;
  Digest digest{};  ///< SHA-256 of content
};

/// What survives without power.
struct KeyState {
  PrivateKey key;
  std::array<std::optional<Slot>, 2> slots;
  Bytes stamp;

  /// The committed slot with the higher generation.
  std::optional<std::uint8_t> winner() const;
};

/// Makes a state durable, whole or not at all; false: it could not, and the old one stands.
using Persist = std::function<bool(const KeyState&)>;

/// A factory-new key. Error: `no-random`.
Result<KeyState> make_key_state(KeyAlgorithm algorithm);

/// The text of a state file (JSON). It holds the private key.
Result<std::string> encode(const KeyState& state);
/// As at power-up, a slot whose content does not match its digest counts as empty. Errors:
/// `invalid-format`, `invalid-key`.
Result<KeyState> parse_key_state(std::string_view text);

}  // namespace latchkey::emulator
