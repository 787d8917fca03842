#pragma once

#include <string>
#include <vector>

#include "tools/latchkey-emulator/hidkey/hid_device.h"
#include "tools/latchkey-emulator/usbip/session.h"

namespace latchkey::test {

/// One key at bus ID 1-1, one that somebody else holds at 1-2.
class OneKeyBus : public emulator::usbip::Bus {
 public:
  OneKeyBus()
      : device(*emulator::make_key_state(KeyAlgorithm::ed25519),
               [](const emulator::KeyState&) { return true; }) {
    device.attach();
  }
  std::vector<emulator::usbip::ExportedDevice> devices() const override {
    return {{"/keys/one", "1-1", 1, &device.usb()}, {"/keys/two", "1-2", 2, &device.usb()}};
  }
  tl::expected<emulator::Device*, emulator::usbip::OperationStatus> take(
      const std::string& bus_id) override {
    using Status = emulator::usbip::OperationStatus;
    if (bus_id == "1-1") return &device;
    return tl::make_unexpected(bus_id == "1-2" ? Status::busy : Status::no_device);
  }
  emulator::HidDevice device;
};

}  // namespace latchkey::test
