#include "drivers/piv/piv_key.h"

namespace latchkey::piv {

PivKeyDriver::PivKeyDriver(ManagementKeys keys)
    : keys_(std::make_shared<const ManagementKeys>(std::move(keys))) {}

KeyResult<std::unique_ptr<Key>> PivKeyDriver::open(const DeviceRef& device) {
  LK_TRY(auto card, open_card(device));
  return std::make_unique<PivKey>(std::move(card), keys_);
}

}  // namespace latchkey::piv
