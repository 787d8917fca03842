#include "tools/latchkey/doctor_card_look.h"

#include "core/usbkey/key_id.h"
#include "drivers/card/card.h"
#include "drivers/piv/piv_key.h"

namespace latchkey::cli {
namespace {

constexpr std::chrono::seconds kPatience{5};

CardLook failed(const KeyError& error) { return {"", "", error}; }

}  // namespace

CardLook look_at_card(const DeviceRef& device) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto opened = open_card(device);
  if (!opened) return failed(opened.error());
  const Card& card = **opened;  // the key below owns it
  piv::PivKey key(*std::move(opened), std::make_shared<const piv::ManagementKeys>());
  const auto spki = key.public_key(deadline);
  if (!spki) return failed(spki.error());
  return {std::string(card.way()), key_id(*spki), {}};
}

KeyResult<bool> ask_pcscd(const DeviceRef& device) {
  return pcscd_serves(device.node, std::chrono::steady_clock::now() + kPatience);
}

}  // namespace latchkey::cli
