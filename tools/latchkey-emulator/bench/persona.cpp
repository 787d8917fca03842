#include "tools/latchkey-emulator/bench/persona.h"

#include "tools/latchkey-emulator/ccid/ccid_device.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"

namespace latchkey::emulator {

Result<std::string> factory_new(const Persona& persona) {
  if (const auto* const model = std::get_if<piv::Model>(&persona)) {
    LK_TRY(const auto token, piv::make_state(*model));
    return piv::encode(token);
  }
  LK_TRY(const auto key, make_key_state(std::get<KeyAlgorithm>(persona)));
  return encode(key);
}

Result<std::unique_ptr<Device>> load_device(std::string_view text, Save save) {
  if (piv::is_state(text)) {
    LK_TRY(auto token, piv::parse_state(text));
    return std::make_unique<ccid::CcidDevice>(
        std::move(token), [save](const piv::PivState& next) { return save(piv::encode(next)); });
  }
  LK_TRY(auto key, parse_key_state(text));
  return std::make_unique<HidDevice>(std::move(key), [save](const KeyState& next) {
    const auto encoded = encode(next);
    return encoded && save(*encoded);
  });
}

}  // namespace latchkey::emulator
