#include "agent/app/entry_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "agent/app/license_json.h"
#include "core/base/text.h"
#include "core/deployment/deletable.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
using EntryList = std::vector<const EntitledEntry*>;
using EntryPool = std::tuple<EntryKind, std::string_view, std::string_view>;  // with object, unit

bool is(std::string_view value, const std::string& wanted) {
  return wanted.empty() || value == wanted;
}

bool has_text(const EntitledEntry& one, const Catalog& catalog, const std::string& text) {
  if (text.empty()) return true;
  const auto& document = one.license->document;
  const auto& object = one.entry->object;
  return contains_text(document.id, text) || contains_text(document.customer, text) ||
         contains_text(object, text) || contains_text(object_name(catalog, object), text) ||
         contains_text(bound_key(document), text);
}

bool matches(const EntitledEntry& one, const Catalog& catalog, const LicenseQuery& query) {
  return is(one.entry->object, query.object) && is(one.entry->unit, query.unit) &&
         is(to_string(one.entry->kind), query.kind) && is(to_string(one.status), query.status) &&
         is(one.license->document.id, query.license) && has_text(one, catalog, query.text);
}

/// A total order, so that the pages of a list fit together.
bool before(const EntitledEntry* one, const EntitledEntry* other) {
  const auto rank = [](const EntitledEntry& entry) {
    return std::pair(entry.counts(), entry.license->document.issued);
  };
  const auto left = rank(*one), right = rank(*other);
  return left == right ? one < other : left > right;
}

/// What is shown of a pool, which is put in order as far as that.
std::span<const EntitledEntry* const> shown(EntryList& pool, std::size_t each) {
  const auto count = each == 0 ? pool.size() : std::min(each, pool.size());
  std::ranges::partial_sort(pool, pool.begin() + static_cast<std::ptrdiff_t>(count), before);
  return {pool.data(), count};
}

std::map<EntryPool, EntryList> by_pool(const Entitlements& all, const Catalog& catalog,
                                       const LicenseQuery& query) {
  std::map<EntryPool, EntryList> pools;
  for (const auto& one : all.entries)
    if (matches(one, catalog, query))
      pools[{one.entry->kind, one.entry->object, one.entry->unit}].push_back(&one);
  return pools;
}

}  // namespace

Json EntryWriter::json(const EntitledEntry& entitled) {
  const auto& document = entitled.license->document;
  auto out = grant_json(*entitled.entry, catalog_);
  out.update({{"license", document.id},
              {"document", entitled.license->hash},
              {"source", to_string(entitled.source)},
              {"key", bound_key(document)},
              {"issued", format_time(document.issued)},
              {"ends", format_time(entitled.ends)},
              {"status", to_string(entitled.status)},
              {"counts", entitled.counts()},
              {"why", message(entitled.status)},
              {"detail", entitled.detail},
              {"deletable", deletable(entitled)}});
  return out;
}

bool EntryWriter::deletable(const EntitledEntry& entitled) {
  if (entitled.source != LicenseSource::file) return false;
  const auto [known, fresh] = deletable_.try_emplace(entitled.license.get(), false);
  if (fresh) known->second = !has_base(entitled.license->document);
  return known->second;
}

Json entries_page(const Entitlements& all, const Catalog& catalog, const LicenseQuery& query) {
  auto found = by_pool(all, catalog, query);
  EntryWriter writer(catalog);
  Json entries = Json::array(), pools = Json::array();
  std::size_t place = 0, matching = 0;
  for (auto& [pool, list] : found) {
    matching += list.size();
    pools.push_back({{"kind", to_string(std::get<0>(pool))},
                     {"object", std::get<1>(pool)},
                     {"unit", std::get<2>(pool)},
                     {"matching", list.size()}});
    for (const auto* one : shown(list, query.each))
      if (place++ >= query.after && entries.size() < query.limit)
        entries.push_back(writer.json(*one));
  }
  const auto end = query.after + entries.size();
  return {{"time", format_time(all.at)},   {"total", all.entries.size()},
          {"matching", matching},          {"pools", std::move(pools)},
          {"entries", std::move(entries)}, {"next", end < place ? end : 0}};
}

}  // namespace latchkey
