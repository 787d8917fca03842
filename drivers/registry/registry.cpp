#include "drivers/registry/registry.h"

#include <algorithm>

#include "drivers/hidkey/hid_key.h"
#include "drivers/piv/piv_key.h"

namespace latchkey {

DriverRegistry::DriverRegistry(DriverSettings settings) {
  drivers_.push_back(std::make_unique<hidkey::HidKeyDriver>());
  drivers_.push_back(std::make_unique<piv::PivKeyDriver>(std::move(settings.piv_management_keys)));
}

DriverRegistry::DriverRegistry(std::vector<std::unique_ptr<KeyDriver>> drivers)
    : drivers_(std::move(drivers)) {}

KeyDriver* DriverRegistry::find(std::string_view name) const {
  const auto found = std::ranges::find(drivers_, name, [](const auto& d) { return d->name(); });
  return found == drivers_.end() ? nullptr : found->get();
}

}  // namespace latchkey
