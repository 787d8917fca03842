#include "drivers/usb/ccid_interface.h"

#include <gtest/gtest.h>

#include <functional>

namespace latchkey::test {
namespace {

Bytes descriptor(std::uint8_t length = 54, std::uint8_t type = 0x21) {
  Bytes bytes(length, 0xAB);
  bytes[0] = length;
  bytes[1] = type;
  return bytes;
}

/// A configuration as libusb parses it: a keyboard-like HID interface, then a CCID one.
struct Device {
  Device() {
    hid.bInterfaceClass = LIBUSB_CLASS_HID;
    ccid.bInterfaceNumber = 1;
    ccid.bInterfaceClass = LIBUSB_CLASS_SMART_CARD;
    endpoints = {endpoint(0x83, LIBUSB_ENDPOINT_TRANSFER_TYPE_INTERRUPT, 8),
                 endpoint(0x02, LIBUSB_ENDPOINT_TRANSFER_TYPE_BULK, 64),
                 endpoint(0x82, LIBUSB_ENDPOINT_TRANSFER_TYPE_BULK, 512)};
  }
  static libusb_endpoint_descriptor endpoint(std::uint8_t address, std::uint8_t attributes,
                                             std::uint16_t packet) {
    libusb_endpoint_descriptor made{};
    made.bEndpointAddress = address;
    made.bmAttributes = attributes;
    made.wMaxPacketSize = packet;
    return made;
  }
  std::optional<CcidInterface> find() {
    ccid.extra = extra.data();
    ccid.extra_length = static_cast<int>(extra.size());
    ccid.endpoint = endpoints.data();
    ccid.bNumEndpoints = static_cast<std::uint8_t>(endpoints.size());
    endpoints.front().extra = endpoint_extra.data();
    endpoints.front().extra_length = static_cast<int>(endpoint_extra.size());
    const std::array interfaces{libusb_interface{&hid, 1}, libusb_interface{nullptr, 0},
                                libusb_interface{&ccid, 1}};
    libusb_config_descriptor configuration{};
    configuration.interface = interfaces.data();
    configuration.bNumInterfaces = interfaces.size();
    return find_ccid_interface(configuration);
  }

  libusb_interface_descriptor hid{};
  libusb_interface_descriptor ccid{};
  std::vector<libusb_endpoint_descriptor> endpoints;
  Bytes extra = descriptor();
  Bytes endpoint_extra;
};

TEST(CcidInterface, IsFoundBesideAnHidInterface) {
  const auto found = Device().find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->number, 1);
  EXPECT_EQ(found->bulk_in, 0x82);
  EXPECT_EQ(found->bulk_out, 0x02);
  EXPECT_EQ(found->packet_size, 512);
  EXPECT_EQ(found->descriptor, descriptor());
}

struct Row {
  std::string name;
  std::function<void(Device&)> change;
  bool found;
};

// SPEC SEC-3: descriptors are foreign bytes.
TEST(CcidInterface, OnlyAWholeOneIsTaken) {
  const Row rows[] = {
      {"the old class, the maker's own",
       [](Device& d) { d.ccid.bInterfaceClass = LIBUSB_CLASS_VENDOR_SPEC; }, true},
      {"the descriptor behind an endpoint",
       [](Device& d) { d.endpoint_extra = std::exchange(d.extra, {}); }, true},
      {"the descriptor behind another one",
       [](Device& d) {
         d.extra.insert(d.extra.begin(), {3, 0x24, 0});
       },
       true},
      {"no interrupt endpoint", [](Device& d) { d.endpoints.erase(d.endpoints.begin()); }, true},
      {"another class", [](Device& d) { d.ccid.bInterfaceClass = LIBUSB_CLASS_MASS_STORAGE; },
       false},
      {"no descriptor", [](Device& d) { d.extra.clear(); }, false},
      {"a descriptor of another length", [](Device& d) { d.extra = descriptor(55); }, false},
      {"a descriptor of another type", [](Device& d) { d.extra = descriptor(54, 0x22); }, false},
      {"a descriptor cut short", [](Device& d) { d.extra.pop_back(); }, false},
      {"a descriptor of no length before it",
       [](Device& d) {
         d.extra.insert(d.extra.begin(), {0, 0x24});
       },
       false},
      {"no endpoint in", [](Device& d) { d.endpoints.pop_back(); }, false},
      {"no endpoint out", [](Device& d) { d.endpoints.erase(d.endpoints.begin() + 1); }, false},
      {"packets of no size", [](Device& d) { d.endpoints.back().wMaxPacketSize = 0; }, false},
  };
  for (const auto& row : rows) {
    Device device;
    row.change(device);
    EXPECT_EQ(device.find().has_value(), row.found) << row.name;
  }
}

}  // namespace
}  // namespace latchkey::test
