#include <algorithm>

#include "core/base/toml_table.h"
#include "core/license/catalog.h"

namespace latchkey {
namespace {

bool is_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// Names reach terminals.
bool printable(const std::string& text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// One pass over the file. Tables refer to each other by id, so each kind is read whole before the
/// next one that refers to it.
class Reader {
 public:
  Reader(const toml::table& root, const std::string& file, FileProblems& problems)
      : top_(&root, "", file, problems) {}

  Catalog read() {
    every("units", &Reader::read_unit);
    every("objects", &Reader::read_object);
    for (auto& [id, reader] : draws_) check_draw(catalog_.objects[id], reader);
    every("editions", &Reader::read_edition);
    top_.refuse_unknown();
    if (catalog_.objects.empty())
      top_.refuse("", "describes no object", "write at least one [objects.ID]");
    return std::move(catalog_);
  }

 private:
  using Part = void (Reader::*)(const std::string&, TableReader&);

  void every(const char* kind, Part part) {
    top_.tables(kind,
                [&](const std::string& id, TableReader& reader) { (this->*part)(id, reader); });
  }
  static void check_id(const std::string& id, TableReader& reader) {
    if (!is_id(id))
      reader.refuse("", "is no id", "use 1 to 64 lower-case letters, digits and hyphens");
  }
  static void read_name(TableReader& reader, const char* key, std::string& out) {
    reader.require(key);
    reader.text(key, out);
    if (!printable(out)) reader.refuse(key, "holds a control character", "remove it");
  }
  static void read_also(TableReader& reader, std::vector<std::string>& out) {
    reader.texts("also", out);
    if (!std::ranges::all_of(out, printable))
      reader.refuse("also", "holds a control character", "remove it");
  }

  void read_unit(const std::string& id, TableReader& reader) {
    check_id(id, reader);
    auto& unit = catalog_.units[id];
    read_name(reader, "one", unit.one);
    read_name(reader, "many", unit.many);
    reader.refuse_unknown();
  }

  void read_object(const std::string& id, TableReader& reader) {
    check_id(id, reader);
    auto& object = catalog_.objects[id];
    read_name(reader, "name", object.name);
    read_also(reader, object.also);
    reader.require("kind");
    reader.choice<ObjectKind>("kind",
                              {{"base", ObjectKind::base},
                               {"module", ObjectKind::module},
                               {"service", ObjectKind::service}},
                              object.kind);
    read_units(reader, object.units);
    reader.text("draws_on", object.draws_on);
    reader.refuse_unknown();
    if (!object.draws_on.empty()) draws_.emplace_back(id, reader);
  }

  void read_units(TableReader& reader, std::vector<std::string>& out) {
    reader.texts("units", out);
    if (out.empty()) reader.refuse("units", "names no unit", "write units = [\"UNIT\"]");
    for (const auto& unit : out)
      if (!catalog_.units.contains(unit))
        reader.refuse("units", "`" + unit + "` is no unit",
                      "correct it or add [units." + unit + "]");
  }

  /// SPEC LIC-12: capacity of another unit cannot serve (SPEC POOL-1).
  void check_draw(const LicenseObject& object, TableReader& reader) {
    const auto* source = base_named(object.draws_on);
    if (source == nullptr || object.kind == ObjectKind::base)
      return reader.refuse("draws_on", "must lead from a module to a base object", "correct it");
    for (const auto& unit : object.units)
      if (std::ranges::find(source->units, unit) == source->units.end())
        reader.refuse("draws_on", "`" + object.draws_on + "` is not metered by `" + unit + "`",
                      "give both objects the same units");
  }

  void read_edition(const std::string& id, TableReader& reader) {
    check_id(id, reader);
    auto& edition = catalog_.editions[id];
    read_name(reader, "name", edition.name);
    read_also(reader, edition.also);
    reader.require("object");
    reader.text("object", edition.object);
    if (!edition.object.empty() && base_named(edition.object) == nullptr)
      reader.refuse("object", "`" + edition.object + "` is no base object", "correct it");
    reader.texts("includes", edition.includes);
    for (const auto& module : edition.includes)
      if (!is_module(module))
        reader.refuse("includes", "`" + module + "` is no module", "correct it or remove it");
    edition.days = reader.number("days", 1, 36'500);
    edition.hosts = reader.number("hosts", 1, 1'000'000);
    reader.flag("after_sales", edition.after_sales);
    reader.refuse_unknown();
  }

  const LicenseObject* base_named(const std::string& id) const {
    const auto found = catalog_.objects.find(id);
    const bool base = found != catalog_.objects.end() && found->second.kind == ObjectKind::base;
    return base ? &found->second : nullptr;
  }
  bool is_module(const std::string& id) const {
    const auto found = catalog_.objects.find(id);
    return found != catalog_.objects.end() && found->second.kind == ObjectKind::module;
  }

  TableReader top_;
  Catalog catalog_;
  std::vector<std::pair<std::string, TableReader>> draws_;  // may lead to what comes later
};

}  // namespace

CatalogResult parse_catalog(std::string_view toml, const std::string& file) {
  if (toml.size() > kMaxCatalogSize)
    return tl::make_unexpected(
        FileProblems{{file, 0, "", "is larger than 256 KiB", "name a catalogue"}});
  Catalog catalog;
  auto problems = read_toml(toml, file, [&](const toml::table& root, FileProblems& found) {
    catalog = Reader(root, file, found).read();
  });
  if (problems.empty()) return catalog;
  return tl::make_unexpected(std::move(problems));
}

}  // namespace latchkey
