#pragma once

#include <vector>

#include "core/deployment/decision.h"
#include "core/license/import_check.h"

namespace latchkey {

/// The plugged keys that proved themselves, as an import sees them. What was installed for a key
/// whose own license is in fault may be installed again, which mends it (LicenseHolding::to_write).
std::vector<InsertedKey> inserted_keys(const Decision& decision);

}  // namespace latchkey
