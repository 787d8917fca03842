#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// What a Latchkey HID key tells the USB about itself: docs/protocol-hidkey.md section 2.
namespace latchkey::emulator {

inline constexpr std::uint16_t kVendorId = 0x1209;   ///< pid.codes
inline constexpr std::uint16_t kProductId = 0x0010;  ///< one of its test IDs
inline constexpr std::string_view kManufacturer = "Latchkey";
inline constexpr std::string_view kProduct = "Latchkey HID key (emulated)";
inline constexpr std::uint16_t kDeviceRelease = 0x0100;  ///< bcdDevice
inline constexpr std::uint8_t kPollInterval = 1;         ///< bInterval, ms at full speed

inline constexpr std::array<std::uint8_t, 34> kReportDescriptor{
    0x06, 0x5A, 0xFF,  // Usage Page (vendor 0xFF5A)
    0x09, 0x01,        // Usage (Latchkey key)
    0xA1, 0x01,        // Collection (Application)
    0x09, 0x20,        //   Usage (data in)
    0x15, 0x00,        //   Logical Minimum 0
    0x26, 0xFF, 0x00,  //   Logical Maximum 255
    0x75, 0x08,        //   Report Size 8
    0x95, 0x40,        //   Report Count 64
    0x81, 0x02,        //   Input (data, variable, absolute)
    0x09, 0x21,        //   Usage (data out)
    0x15, 0x00,        //   Logical Minimum 0
    0x26, 0xFF, 0x00,  //   Logical Maximum 255
    0x75, 0x08,        //   Report Size 8
    0x95, 0x40,        //   Report Count 64
    0x91, 0x02,        //   Output (data, variable, absolute)
    0xC0,              // End Collection
};

}  // namespace latchkey::emulator
