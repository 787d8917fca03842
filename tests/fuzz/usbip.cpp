#include <algorithm>
#include <cstdlib>

#include "tests/support/one_key_bus.h"

// A USB/IP client's bytes, in pieces, before and after an import. The first byte says how long a
// piece is, its top bit that the device is a PIV token instead of a HID key. What is answered stays
// in proportion to what was asked, and a session that was closed is not fed again.
namespace {

using namespace latchkey;
using namespace std::chrono_literals;

template <class AnyBus>
std::size_t play(AnyBus& bus, ByteView data, std::size_t piece) {
  bus.device.attach();
  std::size_t sent = 0;
  emulator::usbip::Session session(bus, [&](ByteView answer) { sent += answer.size(); });
  emulator::Device::Instant now{1h};
  for (; !data.empty(); now += 200ms) {
    const auto size = std::min(piece, data.size());
    session.pump(now);
    if (!session.receive(data.first(size), now)) break;
    data = data.subspan(size);
  }
  return sent;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::OneKeyBus key;
  static test::OneTokenBus token({.composite = true});
  if (size == 0) return 0;
  const ByteView rest(data + 1, size - 1);
  const std::size_t piece = 1 + (data[0] & 0x7F);
  const auto sent = data[0] & 0x80 ? play(token, rest, piece) : play(key, rest, piece);
  if (sent > 1000 + size * 20) std::abort();
  return 0;
}
