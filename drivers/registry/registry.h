#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/ports.h"
#include "drivers/piv/management_keys.h"

namespace latchkey {

/// What the drivers need to be told.
struct DriverSettings {
  piv::ManagementKeys piv_management_keys;  ///< without: PIV tokens are read only
};

/// The drivers that udev/keys.list may name, that list being the only one of devices: udev says
/// which driver a device belongs to (DeviceRef::driver), the registry has it. Immutable; any
/// thread.
class DriverRegistry {
 public:
  /// With every driver of this program.
  explicit DriverRegistry(DriverSettings settings = {});
  explicit DriverRegistry(std::vector<std::unique_ptr<KeyDriver>> drivers);

  /// Null when there is no such driver.
  KeyDriver* find(std::string_view name) const;

 private:
  std::vector<std::unique_ptr<KeyDriver>> drivers_;
};

}  // namespace latchkey
