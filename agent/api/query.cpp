#include "agent/api/query.h"

#include <array>
#include <charconv>
#include <span>

namespace latchkey {
namespace {

constexpr std::size_t kMaxPlace = 1'000'000'000;

struct Filter {
  std::string_view name;
  std::string LicenseQuery::*place;
};
constexpr std::array kOfBoth{Filter{"text", &LicenseQuery::text},
                             Filter{"status", &LicenseQuery::status}};
constexpr std::array kOfEntries{
    Filter{"license", &LicenseQuery::license}, Filter{"object", &LicenseQuery::object},
    Filter{"unit", &LicenseQuery::unit}, Filter{"kind", &LicenseQuery::kind}};

tl::unexpected<Error> bad_query(const std::string& name, const char* known) {
  return fail("bad-request", "The query parameter `" + name + "` is unknown or out of range.",
              std::string("Use text, status (1 to 64 bytes), ") + known +
                  "after (`next` of the page before) and limit (1 to 1000).");
}

bool take_text(const std::string& name, const std::string& value, std::span<const Filter> known,
               LicenseQuery& query) {
  for (const auto& [text, place] : known) {
    if (text != name || value.empty() || value.size() > kMaxFilter) continue;
    query.*place = value;
    return true;
  }
  return false;
}

bool take_number(const std::string& value, std::size_t least, std::size_t most,
                 std::size_t& place) {
  const auto number = query_number(value);
  if (!number || *number < least || *number > most) return false;
  place = static_cast<std::size_t>(*number);
  return true;
}

bool take_page(const std::string& name, const std::string& value, LicenseQuery& query) {
  if (name == "after") return take_number(value, 0, kMaxPlace, query.after);
  return name == "limit" && take_number(value, 1, kMaxPage, query.limit);
}

}  // namespace

std::optional<std::uint64_t> query_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<LicenseQuery> licenses_query(const net::Request& request) {
  LicenseQuery query;
  for (const auto& [name, value] : request.query) {
    if (name == "entries" && (value == "all" || value == "none"))
      query.entries = value == "all";
    else if (!take_text(name, value, kOfBoth, query) && !take_page(name, value, query))
      return bad_query(name, "entries (all, none), ");
  }
  return query;
}

Result<LicenseQuery> entries_query(const net::Request& request) {
  LicenseQuery query;
  query.limit = 100;
  for (const auto& [name, value] : request.query) {
    if (name == "each" && take_number(value, 1, kMaxPage, query.each)) continue;
    if (!take_text(name, value, kOfBoth, query) && !take_text(name, value, kOfEntries, query) &&
        !take_page(name, value, query))
      return bad_query(name, "license, object, unit, kind, each (1 to 1000), ");
  }
  return query;
}

}  // namespace latchkey
