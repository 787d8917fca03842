#include "agent/app/pool_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/app/alert_json.h"
#include "agent/app/entry_list.h"
#include "agent/app/pool_json.h"

namespace latchkey {

using Json = nlohmann::json;

Json PoolDesk::pools() const {
  return pools_answer(view().entitlements, leases_.capacity(), catalog_);
}

Json PoolDesk::entries(const LicenseQuery& query) const {
  return entries_page(view().entitlements, catalog_, query);
}

Json PoolDesk::authorize(Operation operation, const std::string& object) const {
  const auto refused = denial({view().decision, view().entitlements, leases_.capacity(), catalog_},
                              operation, object);
  return {{"operation", to_string(operation)},
          {"object", object},
          {"allowed", !refused},
          {"code", refused ? refused->code : "allowed"},
          {"message", refused ? refused->message : ""},
          {"cure", refused ? refused->cure : ""}};
}

Json PoolDesk::alerts() const {
  return {{"time", format_time(view().decision.at)}, {"alerts", alerts_json(view().alerts)}};
}

}  // namespace latchkey
