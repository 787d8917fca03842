#include <algorithm>

#include "tests/support/one_key_bus.h"

// A USB/IP client's bytes, in pieces, before and after an import. What is answered stays in
// proportion to what was asked, and a session that was closed is not fed again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  using namespace std::chrono_literals;
  static test::OneKeyBus bus;
  if (size == 0) return 0;
  bus.device.attach();
  std::size_t sent = 0;
  emulator::usbip::Session session(bus, [&](ByteView answer) { sent += answer.size(); });
  const std::size_t piece = 1 + data[0];
  emulator::Device::Instant now{1h};
  for (std::size_t at = 1; at < size; at += piece, now += 200ms) {
    session.pump(now);
    if (!session.receive({data + at, std::min(piece, size - at)}, now)) break;
  }
  if (sent > 1000 + size * 20) std::abort();
  return 0;
}
