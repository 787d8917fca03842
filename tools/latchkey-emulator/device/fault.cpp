#include "tools/latchkey-emulator/device/fault.h"

#include <algorithm>
#include <array>

namespace latchkey::emulator {
namespace {

constexpr std::array<std::string_view, 14> kNames{
    "none",        "slow",         "silent",     "garbage", "short",         "wrong-signature",
    "unplug-read", "unplug-write", "no-license", "busy",    "no-permission", "no-card",
    "power-loss",  "real-time"};

}  // namespace

std::string_view to_string(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

std::optional<Fault> parse_fault(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Fault>(found - kNames.begin());
}

}  // namespace latchkey::emulator
