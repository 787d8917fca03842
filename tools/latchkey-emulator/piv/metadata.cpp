#include "core/base/big_endian.h"
#include "tools/latchkey-emulator/piv/application.h"

// Yubico's GET VERSION, GET SERIAL and GET METADATA, by which its tools choose what they send.
namespace latchkey::emulator::piv {
namespace {

constexpr std::uint16_t kAlgorithm = 1, kPolicy = 2, kOrigin = 3, kPublicKey = 4, kIsFactory = 5,
                        kRetries = 6;
constexpr std::uint8_t kPin = 0x80, kPuk = 0x81, kManagementKey = 0x9B;
constexpr std::uint8_t kNoAlgorithm = 0xFF;

Bytes describe(const Pin& pin, const Pin& factory) {
  auto out = tlv(kAlgorithm, Bytes{kNoAlgorithm});
  put_tlv(out, kIsFactory, Bytes{static_cast<std::uint8_t>(pin.value == factory.value)});
  put_tlv(out, kRetries, Bytes{pin.total, pin.left});
  return out;
}

Bytes describe(const ManagementKey& key) {
  auto out = tlv(kAlgorithm, Bytes{static_cast<std::uint8_t>(key.cipher)});
  put_tlv(out, kPolicy, Bytes{0, 1});  // no PIN policy; touch never
  const bool factory = key.secret == ManagementKey::factory(key.cipher).secret;
  put_tlv(out, kIsFactory, Bytes{static_cast<std::uint8_t>(factory)});
  return out;
}

Bytes describe(const KeySlot& slot) {
  auto out = tlv(kAlgorithm, Bytes{static_cast<std::uint8_t>(slot.key.algorithm())});
  put_tlv(out, kPolicy, Bytes{slot.pin_policy, slot.touch_policy});
  put_tlv(out, kOrigin, Bytes{static_cast<std::uint8_t>(slot.imported ? 2 : 1)});
  put_tlv(out, kPublicKey, slot.key.public_fields());
  return out;
}

}  // namespace

Answer Application::version(const Command&) {
  const auto version = state_.model.version();
  return Bytes(version.begin(), version.end());
}

Answer Application::serial(const Command&) {
  Bytes out;
  put_u32(out, state_.serial);
  return out;
}

Answer Application::metadata(const Command& command) {
  const auto factory = factory_reset(state_);
  if (command.p2 == kPin) return describe(state_.pin, factory.pin);
  if (command.p2 == kPuk) return describe(state_.puk, factory.puk);
  if (command.p2 == kManagementKey) return describe(state_.management);
  const auto slot = state_.keys.find(command.p2);
  if (slot == state_.keys.end()) return refuse(Sw::no_reference);
  return describe(slot->second);
}

}  // namespace latchkey::emulator::piv
