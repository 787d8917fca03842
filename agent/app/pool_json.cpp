#include "agent/app/pool_json.h"

#include <nlohmann/json.hpp>

#include "agent/app/entry_list.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

Json pool_json(const PoolId& id, const Pool& pool, const Catalog& catalog) {
  return {{"object", id.object},
          {"object_name", object_name(catalog, id.object)},
          {"unit", id.unit},
          {"unit_name", unit_name(catalog, id.unit, pool.total)},
          {"kind", pool.module ? "module" : "base"},
          {"total", pool.total},
          {"used", pool.used},
          {"available", pool.available},
          {"drawn", pool.drawn},
          {"draws_on", pool.draws_on},
          {"lent", pool.lent},
          {"reserved", pool.reserved},
          {"tolerance", pool.tolerance},
          {"over", pool.over},
          {"expiring_soon", pool.expiring_soon},
          {"not_yet_valid", pool.not_yet_valid},
          {"expired", pool.expired},
          {"next_end", pool.next_end ? Json(format_time(*pool.next_end)) : Json(nullptr)},
          {"status", to_string(status_of(pool))}};
}

}  // namespace

Json pools_json(const Capacity& capacity, const Catalog& catalog) {
  Json pools = Json::array();
  for (const auto& [id, pool] : capacity.pools) pools.push_back(pool_json(id, pool, catalog));
  return pools;
}

Json pools_answer(const Entitlements& entitlements, const Capacity& capacity,
                  const Catalog& catalog) {
  Json entries = Json::array();
  EntryWriter writer(catalog);
  for (const auto& entry : entitlements.entries) entries.push_back(writer.json(entry));
  return {{"time", format_time(entitlements.at)},
          {"usable", entitlements.usable},
          {"over_quota", capacity.over_quota},
          {"pools", pools_json(capacity, catalog)},
          {"entries", std::move(entries)}};
}

}  // namespace latchkey
