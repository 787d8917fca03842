#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/base/bytes.h"

namespace latchkey {

/// Fills the span with unpredictable bytes; false when the source failed (nothing may be built on
/// the span then). Passed in as an argument, so that a test or a simulation chooses it.
using FillRandom = std::function<bool(std::span<std::uint8_t>)>;

/// The operating system's generator, by way of OpenSSL.
bool system_random(std::span<std::uint8_t> out);

}  // namespace latchkey
