#pragma once

#include <optional>
#include <string>

#include "core/ports.h"

namespace latchkey::cli {

/// What a smart card says of itself, to a doctor who has no agent to ask.
struct CardLook {
  std::string way;     ///< "USB", "PC/SC (pcscd)"; an error's detail names it itself
  std::string key_id;  ///< claimed by the certificate, not proven; empty on an error
  std::optional<KeyError>
      error;  ///< `not_a_key`: no card, an unusable reader, no PIV, no certificate
};

/// Takes the card for a moment; within a few seconds.
CardLook look_at_card(const DeviceRef& device);

/// As pcscd_serves of drivers/card/card.h, within a few seconds.
KeyResult<bool> ask_pcscd(const DeviceRef& device);

}  // namespace latchkey::cli
