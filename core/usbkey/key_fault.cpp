#include "core/usbkey/key_fault.h"

#include <array>

namespace latchkey {
namespace {

struct Row {
  KeyFault fault;
  std::string_view name;
  std::string_view message;
  std::string_view cure;
};

constexpr std::array kRows{
    Row{KeyFault::not_genuine, "not-genuine",
        "The key did not prove that it owns its private key; it may be a copy.",
        "Insert the original key. If this is the original, ask the vendor for a replacement."},
    Row{KeyFault::unreadable, "unreadable", "The key does not answer, or answers nonsense.",
        "Re-insert it, try another port without a hub, then ask the vendor for a replacement."},
    Row{KeyFault::no_permission, "no-permission", "The agent may not open the key's device node.",
        "Install the udev rules (group latchkey), then re-insert the key; see `latchkey doctor`."},
    Row{KeyFault::busy, "busy", "Another program holds the key.",
        "Stop the program that `latchkey doctor` names, then run `latchkey key refresh`."},
    Row{KeyFault::unprovisioned, "unprovisioned", "The key is genuine but carries no license.",
        "Send its key ID (`latchkey key id`) to the vendor and install the license you receive."},
    Row{KeyFault::license_invalid, "license-invalid", "The license on the key does not verify.",
        "Check that the vendor's trust bundle is installed; else ask the vendor for a new "
        "license."},
    Row{KeyFault::wrong_key_id, "wrong-key-id",
        "The license on the key was issued for another key.",
        "Order a license for this key's ID (`latchkey key id`) and install it."},
};

const Row& row(KeyFault fault) { return kRows[static_cast<std::size_t>(fault)]; }

}  // namespace

std::string_view to_string(KeyFault fault) { return row(fault).name; }
std::string_view message(KeyFault fault) { return row(fault).message; }
std::string_view cure(KeyFault fault) { return row(fault).cure; }

std::optional<KeyFault> parse_key_fault(std::string_view name) {
  for (const auto& entry : kRows)
    if (entry.name == name) return entry.fault;
  return std::nullopt;
}

}  // namespace latchkey
