#include "tools/latchkey-emulator/ccid/ccid_device.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tools/latchkey-emulator/ccid/profile.h"

// The token against a host that says whatever it likes. Input: records of a control byte (bits 0-3:
// how far the clock moves, times 64 ms; bit 4: the bytes are an APDU, to be wrapped in an XfrBlock;
// bit 7: read nothing), two bytes of length and one bulk transfer. It begins with power, the PIV
// application selected, and its management key proven.
namespace latchkey::emulator {
namespace {

using ccid::CcidDevice;

void require(bool holds) {
  if (!holds) std::abort();
}

const piv::PivState& token() {
  static const auto made = [] {
    auto state = piv::make_state({}).value();
    state.keys.emplace(0x9E,
                       piv::KeySlot{piv::TokenKey::generate(piv::TokenAlgorithm::p256).value()});
    state.objects[0x5FC10D] = Bytes(3000, 0x53);
    return state;
  }();
  return made;
}

Bytes block(ByteView apdu) {
  Bytes out{0x6F, static_cast<std::uint8_t>(apdu.size()),
            static_cast<std::uint8_t>(apdu.size() >> 8)};
  out.resize(ccid::kHeaderSize);
  out.insert(out.end(), apdu.begin(), apdu.end());
  return out;
}

class Host {
 public:
  explicit Host(CcidDevice& device) : device_(device) {}
  Bytes transmit(ByteView transfer) {
    device_.write(Device::kKeyEndpoint, transfer, now);
    return read();
  }
  /// The last answer that is due.
  Bytes read() {
    Bytes last;
    while (auto answer = device_.read(Device::kKeyEndpoint, now)) {
      require(answer->size() >= ccid::kHeaderSize &&
              answer->size() <= ccid::max_message(device_.state().model));
      require(ccid::data_length(*answer) == answer->size() - ccid::kHeaderSize);
      last = std::move(*answer);
    }
    return last;
  }
  Device::Instant now{};

 private:
  CcidDevice& device_;
};

void prepare(Host& host, const CcidDevice& device) {
  Bytes power_on{0x62};
  power_on.resize(ccid::kHeaderSize);
  host.transmit(power_on);
  host.transmit(block(*from_hex("00a4040005a000000308")));
  const auto challenge = host.transmit(block(*from_hex("0087039b047c028100")));
  const auto proof = device.state().management.encrypt(ByteView(challenge).subspan(14, 8));
  auto answer = *from_hex("0087039b0c7c0a8208");
  answer.insert(answer.end(), proof.begin(), proof.end());
  host.transmit(block(answer));
}

void check(const piv::PivState& state) {
  require(state.objects.size() <= piv::Application::kMostObjects);
  for (const auto& [tag, content] : state.objects)
    require(!content.empty() && content.size() <= piv::Application::kMaxObject);
  require(state.pin.left <= state.pin.total && state.puk.left <= state.puk.total);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CcidDevice device(token(), [](const piv::PivState&) { return true; });
  device.attach();
  Host host(device);
  prepare(host, device);
  for (ByteView rest(data, size); rest.size() >= 3;) {
    const auto control = rest[0];
    const auto length = std::min<std::size_t>(rest[1] << 8 | rest[2], rest.size() - 3);
    const auto transfer = rest.subspan(3, length);
    rest = rest.subspan(3 + length);
    host.now += std::chrono::milliseconds(64 * (control & 0x0F));
    const auto wrapped = control & 0x10 ? block(transfer) : Bytes(transfer.begin(), transfer.end());
    device.write(Device::kKeyEndpoint, wrapped, host.now);
    if (!(control & 0x80)) host.read();
  }
  check(device.state());
  return 0;
}

}  // namespace latchkey::emulator
