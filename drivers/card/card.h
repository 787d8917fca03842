#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/ports.h"

namespace latchkey {

/// What begin() learned of the way to the card.
struct CardLimits {
  std::size_t max_command = 261;   ///< bytes of the longest command APDU: 261 short, up to 65,544
  std::size_t max_response = 258;  ///< bytes of the longest response, status word included
  /// Commands and responses may use the extended form (ISO 7816-4 5.1); else 255 and 256 bytes of
  /// data are the most, and longer ones are chained.
  bool extended() const { return max_command > 261; }
};

/// In what state end() leaves the card to others.
enum class Leave {
  as_is,  ///< other programs' sessions with it go on
  reset,  ///< whatever was unlocked on it is locked again: an authenticated management key, say
};

/// A smart card behind a reader, exclusively while between begin() and end(): the four functions
/// that an application (drivers/piv) is spoken through, the same over USB and over PC/SC. Worker
/// thread; cancel() from any thread. Every wait ends by its deadline.
///
/// Errors: `gone` (unplugged, cancelled, or the card left), `not_a_key` (no card in the reader, or
/// a reader that cannot be used), `no_permission`, `busy` (another program holds it), `timeout`,
/// `protocol`. After any error begin() starts clean.
class Card {
 public:
  virtual ~Card() = default;
  /// Takes the reader and powers the card. Any state of the card's applications may have been
  /// changed by others since the last end(): SELECT first.
  virtual KeyResult<CardLimits> begin(Deadline deadline) = 0;
  /// One command APDU, one response APDU: data and the two status bytes, never fewer than those.
  virtual KeyResult<Bytes> transmit(ByteView command, Deadline deadline) = 0;
  /// Gives the reader back to other programs. Without begin(), nothing.
  virtual void end(Leave leave) noexcept = 0;
  virtual void cancel() noexcept = 0;
  /// How the card was reached by the last begin(), for `doctor`: "USB", "PC/SC (pcscd)". The
  /// details of errors name it, too.
  virtual std::string_view way() const = 0;
};

/// Through PC/SC while pcscd serves the device (it then holds the interface), else straight over
/// USB; each begin() chooses anew, since pcscd comes and goes. Through the emulated port when
/// `device.emulated`. Opens what needs no card; errors as of begin().
KeyResult<std::unique_ptr<Card>> open_card(const DeviceRef& device);

/// For `doctor`: whether pcscd serves the device at the usbfs node "/dev/bus/usb/BBB/DDD" now.
/// Errors: why that cannot be said (`no_permission`: polkit; `busy`).
KeyResult<bool> pcscd_serves(const std::string& node, Deadline deadline);

}  // namespace latchkey
