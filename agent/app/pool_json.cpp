#include "agent/app/pool_json.h"

#include <nlohmann/json.hpp>

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
          {"over", pool.over},
          {"expiring_soon", pool.expiring_soon},
          {"not_yet_valid", pool.not_yet_valid},
          {"expired", pool.expired},
          {"next_end", pool.next_end ? Json(format_time(*pool.next_end)) : Json(nullptr)},
          {"status", to_string(status_of(pool))}};
}

Json entry_json(const EntitledEntry& entitled, const Catalog& catalog) {
  const auto& entry = *entitled.entry;
  const auto& document = entitled.license->document;
  const auto* bound = std::get_if<KeyBinding>(&document.binding);
  return {{"license", document.id},
          {"document", entitled.license->hash},
          {"source", to_string(entitled.source)},
          {"key", bound ? bound->key_id : ""},
          {"object", entry.object},
          {"object_name", object_name(catalog, entry.object)},
          {"unit", entry.unit},
          {"unit_name", unit_name(catalog, entry.unit, entry.quantity)},
          {"quantity", entry.quantity},
          {"kind", to_string(entry.kind)},
          {"issued", format_time(document.issued)},
          {"not_before", format_time(entry.validity.not_before)},
          {"not_after", format_time(entry.validity.not_after)},
          {"ends", format_time(entitled.ends)},
          {"status", to_string(entitled.status)},
          {"counts", entitled.counts()},
          {"why", message(entitled.status)},
          {"detail", entitled.detail}};
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
  for (const auto& entry : entitlements.entries) entries.push_back(entry_json(entry, catalog));
  return {{"time", format_time(entitlements.at)},
          {"usable", entitlements.usable},
          {"over_quota", capacity.over_quota},
          {"pools", pools_json(capacity, catalog)},
          {"entries", std::move(entries)}};
}

}  // namespace latchkey
