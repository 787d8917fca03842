#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file_problem.h"
#include "core/license/document.h"

namespace latchkey {

enum class ObjectKind {
  base,     ///< SPEC LIC-1
  module,   ///< needs a base
  service,  ///< not software: after-sales service; licensed by an entry of kind `module`
};
std::string_view to_string(ObjectKind kind);  ///< `base`, `module`, `service`

/// A metering unit as people read it.
struct UnitNames {
  std::string one;   ///< "CPU socket"
  std::string many;  ///< "CPU sockets"
  bool operator==(const UnitNames&) const = default;
};

/// A product or capability that can be licensed.
struct LicenseObject {
  std::string name;               ///< for people
  std::vector<std::string> also;  ///< what else it is called
  ObjectKind kind = ObjectKind::base;
  std::vector<std::string> units;  ///< by which it may be metered; at least one
  /// SPEC LIC-12: the base object whose pool serves what this one's own does not; empty: none.
  std::string draws_on;
  bool operator==(const LicenseObject&) const = default;
};

/// An edition or license agreement of a base object.
struct Edition {
  std::string name;
  std::vector<std::string> also;
  std::string object;                 ///< of kind base
  std::vector<std::string> includes;  ///< the modules that come with it by default
  std::optional<std::int64_t> days;   ///< how long it runs at most
  std::optional<std::int64_t> hosts;  ///< how many hosts it takes at most
  bool after_sales = true;            ///< whether after-sales service can be had for it
  bool operator==(const Edition&) const = default;
};

/// What can be licensed (SPEC LIC-11), by id; the ids are what license documents carry. It names
/// things and grants nothing: a license says itself what it includes. docs/catalog.md describes the
/// file.
struct Catalog {
  template <class Value>
  using ById = std::map<std::string, Value, std::less<>>;
  ById<UnitNames> units;
  ById<LicenseObject> objects;
  ById<Edition> editions;
  bool operator==(const Catalog&) const = default;
};

inline constexpr std::size_t kMaxCatalogSize = 256 * 1024;

/// All problems at once, in the order of their lines. `file` is what they name.
using CatalogResult = tl::expected<Catalog, FileProblems>;
CatalogResult parse_catalog(std::string_view toml, const std::string& file);

/// The one that comes with Latchkey (core/license/default_catalog.toml).
const Catalog& default_catalog();

/// For people; the id itself when the catalogue has none.
std::string object_name(const Catalog& catalog, const std::string& object);
std::string unit_name(const Catalog& catalog, const std::string& unit, std::uint64_t quantity);

/// Does it know the object, as such an entry (base or module), and by that unit?
bool knows(const Catalog& catalog, const LicenseEntry& entry);
/// What it does not know, each once: "`x`" (object), "`kvm` by `tib`", "`gpu` as base".
std::vector<std::string> unknown_in(const Catalog& catalog, std::span<const LicenseEntry> entries);

}  // namespace latchkey
