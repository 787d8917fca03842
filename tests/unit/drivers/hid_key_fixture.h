#pragma once

#include <memory>
#include <string>

#include "core/base/random.h"
#include "drivers/hidkey/hid_key.h"
#include "tests/unit/drivers/samples.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"
#include "tools/latchkey-emulator/port/in_process_pipe.h"

namespace latchkey::test {

/// An emulated key whose flash is a variable: `power_cycle` gives what a fresh start finds in it.
class FlashKey {
 public:
  explicit FlashKey(KeyAlgorithm algorithm = KeyAlgorithm::ed25519)
      : FlashKey(emulator::make_key_state(algorithm).value()) {}
  explicit FlashKey(emulator::KeyState state)
      : flash_(std::make_shared<std::string>(emulator::encode(state).value())) {
    power_cycle();
  }

  void power_cycle() {
    auto state = emulator::parse_key_state(*flash_).value();
    const auto persist = [flash = flash_](const emulator::KeyState& next) {
      *flash = emulator::encode(next).value();
      return true;
    };
    device_ = std::make_unique<emulator::HidDevice>(std::move(state), persist);
    device_->attach();
  }

  emulator::HidDevice& device() { return *device_; }
  std::string& flash() { return *flash_; }
  /// A host's view of it, as after opening.
  std::unique_ptr<hidkey::HidKey> open(
      std::shared_ptr<hidkey::ContentCache> cache = std::make_shared<hidkey::ContentCache>()) {
    return std::make_unique<hidkey::HidKey>(std::make_unique<emulator::InProcessPipe>(*device_),
                                            std::move(cache));
  }

 private:
  std::shared_ptr<std::string> flash_;
  std::unique_ptr<emulator::HidDevice> device_;
};

}  // namespace latchkey::test
