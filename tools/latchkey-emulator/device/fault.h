#pragma once

#include <optional>
#include <string_view>

namespace latchkey::emulator {

/// What an emulated key does wrong, until told otherwise; the two `unplug` faults happen once.
enum class Fault {
  none,
  slow,             ///< every answer is late, with KEEPALIVE meanwhile
  silent,           ///< takes everything, answers nothing
  garbage,          ///< random bytes on the right channel
  short_report,     ///< reports of 10 bytes
  wrong_signature,  ///< PROVE answers a signature that does not verify
  unplug_read,      ///< gone in the middle of the next answer of several packets
  unplug_write,     ///< gone in the middle of the next request of several packets
  no_license,       ///< as if never provisioned
  busy,             ///< cannot be opened: another program holds it
  no_permission,    ///< cannot be opened: no rights
};

/// `none`, `slow`, `silent`, `garbage`, `short`, `wrong-signature`, `unplug-read`, …
std::string_view to_string(Fault fault);
std::optional<Fault> parse_fault(std::string_view name);

}  // namespace latchkey::emulator
