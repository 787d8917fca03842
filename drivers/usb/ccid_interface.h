#pragma once

#include <libusb-1.0/libusb.h>

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace latchkey {

inline constexpr std::size_t kCcidDescriptorSize = 54;

/// Where the CCID interface of a device is.
struct CcidInterface {
  std::uint8_t number = 0;
  std::uint8_t bulk_in = 0;  ///< endpoint addresses
  std::uint8_t bulk_out = 0;
  std::uint16_t packet_size = 0;  ///< of bulk_in, 1 to 1,024
  Bytes descriptor;               ///< the class descriptor, 54 bytes
};

/// The first interface of class 0x0B, or of the vendor's own class as readers older than the class
/// have it, with both bulk endpoints and a class descriptor (type 0x21, 54 bytes), which stands
/// behind the interface's or, on some devices, behind an endpoint's descriptor (CCID 1.1 5.1).
std::optional<CcidInterface> find_ccid_interface(const libusb_config_descriptor& configuration);

}  // namespace latchkey
