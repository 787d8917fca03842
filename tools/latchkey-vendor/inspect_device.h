#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>

#include "tools/latchkey-vendor/device.h"

namespace latchkey::vendor {

/// What is on a key: `driver`, `way`, `key_id` when it proved one (else `problem`),
/// `algorithm`, and of PIV tokens `certificate` (its subject) and `management_key`; `slots`, each
/// `empty`, `foreign`, or with `generation`, `size` and `license`, the license id as the slot
/// claims it; `in_use`, the slot that counts. Errors: those of open_device.
Result<nlohmann::json> inspect_device(const DeviceOptions& options);
void print_device(const nlohmann::json& about, std::ostream& out);

}  // namespace latchkey::vendor
