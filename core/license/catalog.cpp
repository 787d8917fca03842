#include "core/license/catalog.h"

#include <algorithm>

#include "latchkey_default_catalog.h"

namespace latchkey {
namespace {

EntryKind entry_kind(ObjectKind kind) {
  return kind == ObjectKind::base ? EntryKind::base : EntryKind::module;
}

std::string quoted(const std::string& id) { return "`" + id + "`"; }

/// Empty for an entry that it knows.
std::string unknown_part(const Catalog& catalog, const LicenseEntry& entry) {
  const auto found = catalog.objects.find(entry.object);
  if (found == catalog.objects.end()) return quoted(entry.object);
  const auto& object = found->second;
  if (std::ranges::find(object.units, entry.unit) == object.units.end())
    return quoted(entry.object) + " by " + quoted(entry.unit);
  if (entry_kind(object.kind) != entry.kind)
    return quoted(entry.object) + " as " + std::string(to_string(entry.kind));
  return {};
}

}  // namespace

std::string_view to_string(ObjectKind kind) {
  if (kind == ObjectKind::service) return "service";
  return to_string(entry_kind(kind));
}

const Catalog& default_catalog() {
  static const Catalog catalog = parse_catalog(kDefaultCatalog, "default_catalog.toml").value();
  return catalog;
}

std::string object_name(const Catalog& catalog, const std::string& object) {
  const auto found = catalog.objects.find(object);
  return found == catalog.objects.end() ? object : found->second.name;
}

std::string unit_name(const Catalog& catalog, const std::string& unit, std::uint64_t quantity) {
  const auto found = catalog.units.find(unit);
  if (found == catalog.units.end()) return unit;
  return quantity == 1 ? found->second.one : found->second.many;
}

bool knows(const Catalog& catalog, const LicenseEntry& entry) {
  return unknown_part(catalog, entry).empty();
}

std::vector<std::string> unknown_in(const Catalog& catalog, std::span<const LicenseEntry> entries) {
  std::vector<std::string> unknown;
  for (const auto& entry : entries) {
    auto part = unknown_part(catalog, entry);
    if (!part.empty() && std::ranges::find(unknown, part) == unknown.end())
      unknown.push_back(std::move(part));
  }
  return unknown;
}

}  // namespace latchkey
