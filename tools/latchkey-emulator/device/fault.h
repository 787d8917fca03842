#pragma once

#include <optional>
#include <string_view>

namespace latchkey::emulator {

/// What an emulated key does wrong, until told otherwise; the `unplug` faults and the power loss
/// happen once. "Packet" is a HID report of a HID key, a bulk message of a PIV token.
enum class Fault {
  none,
  slow,             ///< every answer is late, with KEEPALIVE or time extensions meanwhile
  silent,           ///< takes everything, answers nothing
  garbage,          ///< random bytes; from a HID key on the right channel
  short_report,     ///< reports of 10 bytes, messages of 5
  wrong_signature,  ///< signatures that do not verify
  unplug_read,      ///< gone in the middle of the next answer of several packets of 64 bytes
  unplug_write,     ///< HID: gone in the middle of the next request of several packets; PIV: gone
                    ///< before the next command that writes an object is carried out
  no_license,       ///< as if no license had ever been written
  busy,             ///< cannot be opened: another program holds it
  no_permission,    ///< cannot be opened: no rights
  no_card,          ///< PIV: a reader without a card; `none` inserts it again
  power_loss,       ///< PIV: gone between two parts of the next chained write
  real_time,        ///< PIV: no fault; a signature takes as long as in a real token
};

/// `none`, `slow`, `silent`, `garbage`, `short`, `wrong-signature`, `unplug-read`, …
std::string_view to_string(Fault fault);
std::optional<Fault> parse_fault(std::string_view name);

}  // namespace latchkey::emulator
