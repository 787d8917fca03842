#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/ports.h"

namespace latchkey::udev {

/// The keys that are plugged in now, for tools that look once. Errors: as of Monitor::create().
Result<std::vector<DeviceRef>> plugged_in();

}  // namespace latchkey::udev
