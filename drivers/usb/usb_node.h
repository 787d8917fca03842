#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace latchkey {

/// How long the device of the usbfs node "/dev/bus/usb/BBB/DDD" has been plugged in, as the kernel
/// counts it; nothing when it does not say, or the device has left.
std::optional<std::chrono::milliseconds> connected_for(const std::string& node);

}  // namespace latchkey
