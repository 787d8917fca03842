#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tools/latchkey-emulator/hidkey/hid_device.h"

// The device against a host that says whatever it likes. Input: records of a control byte (bits
// 0-5: how far the clock moves, times 16 ms; bit 6: read one report only, bit 7: none) and one
// output report.
namespace {

using namespace latchkey;
using emulator::HidDevice;

const emulator::KeyState& factory_new() {
  static const auto state = emulator::make_key_state(KeyAlgorithm::ed25519).value();
  return state;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const emulator::KeyState& state) {
  require(state.stamp.size() <= hidkey::kStampSize);
  for (const auto& slot : state.slots)
    if (slot)
      require(!slot->content.empty() && slot->content.size() <= emulator::Applet::kSlotCapacity &&
              sha256(slot->content) == slot->digest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kRecord = 1 + kReportSize;
  HidDevice device(factory_new(), [](const emulator::KeyState&) { return true; });
  device.attach();
  HidDevice::Instant now{};
  for (ByteView rest(data, size); rest.size() >= kRecord; rest = rest.subspan(kRecord)) {
    now += std::chrono::milliseconds(16 * (rest[0] & 0x3F));
    device.output_report(rest.subspan(1, kReportSize), now);
    std::size_t most = rest[0] & 0x80 ? 0 : rest[0] & 0x40 ? 1 : SIZE_MAX;
    while (most-- > 0) {
      const auto report = device.input_report(now);
      if (!report) break;
      require(report->size() == kReportSize);
    }
  }
  check(device.state());
  return 0;
}
