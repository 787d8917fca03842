#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/latchkey-emulator/ccid/ccid_device.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"
#include "tools/latchkey-emulator/usbip/session.h"

namespace latchkey::test {

/// One device at bus ID 1-1, one that somebody else holds at 1-2.
template <class AnyDevice>
class OneDeviceBus : public emulator::usbip::Bus {
 public:
  template <class... Arguments>
  explicit OneDeviceBus(Arguments&&... arguments) : device(std::forward<Arguments>(arguments)...) {
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
  AnyDevice device;
};

/// With a Latchkey HID key.
class OneKeyBus : public OneDeviceBus<emulator::HidDevice> {
 public:
  OneKeyBus()
      : OneDeviceBus(*emulator::make_key_state(KeyAlgorithm::ed25519),
                     [](const emulator::KeyState&) { return true; }) {}
};

/// With a PIV token.
class OneTokenBus : public OneDeviceBus<emulator::ccid::CcidDevice> {
 public:
  explicit OneTokenBus(const emulator::piv::Model& model = {})
      : OneDeviceBus(*emulator::piv::make_state(model),
                     [](const emulator::piv::PivState&) { return true; }) {}
};

}  // namespace latchkey::test
