#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"

namespace latchkey::ccid {

/// What a reader says of itself (CCID 1.1 section 5.1), as far as it matters here.
struct ClassDescriptor {
  enum class Level {
    tpdu,  ///< or characters: the host would have to speak T=0 and T=1 itself
    short_apdu,
    extended_apdu
  };
  Level level = Level::tpdu;
  /// IccPowerOn's bPowerSelect, in the order to be tried: 0 automatic, 1 5 V, 2 3 V, 3 1.8 V.
  std::vector<std::uint8_t> power_selects;
  /// dwMaxCCIDMessageLength: the longest message either way, header included; 64 to 65,554.
  std::size_t max_message = 0;
};

/// Nothing when it is no class descriptor, or no message of any use would fit the reader.
std::optional<ClassDescriptor> parse_class_descriptor(ByteView bytes);

}  // namespace latchkey::ccid
