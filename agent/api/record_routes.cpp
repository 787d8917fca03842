#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "agent/api/answer.h"
#include "agent/api/csv_answer.h"
#include "agent/api/query.h"
#include "agent/api/routes.h"

namespace latchkey {
namespace {

constexpr std::array<std::string_view, 13> kColumns{
    "position", "at",   "node_name", "node",  "kind", "result", "by",
    "from",     "text", "derived",   "chain", "seq",  "hash"};
// SPEC REC-1
constexpr std::array<std::string_view, 19> kLicenseColumns{
    "at",       "batch",    "kind",      "object",     "object_name", "unit", "quantity",
    "method",   "status",   "issued",    "not_before", "not_after",   "by",   "license",
    "customer", "bound_to", "node_name", "document",   "position"};

struct Listing {
  RecordQuery query;
  bool csv = false;
};

tl::unexpected<Error> bad_parameter(const std::string& name) {
  return fail("bad-request", "The query parameter `" + name + "` is unknown or out of range.",
              "Use node, kind, who, result, text (1 to 64 bytes), since and until (RFC 3339, or a "
              "date), before (a position), limit (1 to 1000) and format (json, csv).");
}

/// A date is its first instant.
std::optional<Time> time_of(const std::string& text) {
  constexpr std::size_t kDate = 10;
  return parse_time(text.size() == kDate ? text + "T00:00:00Z" : text);
}

std::string* filter_named(const std::string& name, RecordQuery& query) {
  const std::pair<std::string_view, std::string*> filters[] = {{"node", &query.node},
                                                               {"kind", &query.kind},
                                                               {"who", &query.who},
                                                               {"result", &query.result},
                                                               {"text", &query.text}};
  for (const auto& [filter, place] : filters)
    if (filter == name) return place;
  return nullptr;
}

bool take_number(const std::string& name, const std::string& text, RecordQuery& query) {
  const auto value = query_number(text);
  if (!value || (name == "limit" && (*value < 1 || *value > kMaxPage))) return false;
  if (name == "limit")
    query.limit = static_cast<std::size_t>(*value);
  else
    query.before = *value;
  return true;
}

bool take_parameter(const std::string& name, const std::string& value, Listing& listing) {
  auto& query = listing.query;
  if (auto* filter = filter_named(name, query)) {
    *filter = value;
    return !value.empty() && value.size() <= kMaxFilter;
  }
  if (name == "limit" || name == "before") return take_number(name, value, query);
  if (name == "since" || name == "until")
    return ((name == "since" ? query.since : query.until) = time_of(value)).has_value();
  listing.csv = value == "csv";
  return name == "format" && (value == "csv" || value == "json");
}

Result<Listing> listing_of(const net::Request& request) {
  Listing listing;
  for (const auto& [name, value] : request.query)
    if (!take_parameter(name, value, listing)) return bad_parameter(name);
  return listing;
}

/// The records of one kind, for one route.
struct Source {
  void (Backend::*page)(const RecordQuery&, Backend::JsonDone);
  std::span<const std::string_view> columns;
  std::string_view file;
};

void answer_page(const net::Request& request, net::Done done, Backend& backend,
                 const Source& source) {
  const auto listing = listing_of(request);
  if (!listing) return done(error_answer(listing.error()));
  if (!listing->csv) return (backend.*source.page)(listing->query, answer_with(std::move(done)));
  (backend.*source.page)(
      listing->query, [source, done = std::move(done)](const Result<nlohmann::json>& page) {
        if (!page) return done(answer(page));
        done(csv_answer(page->at("records"), source.columns, page->at("next"), source.file));
      });
}

}  // namespace

void add_record_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/records", Right::view,
            [&backend](const net::Request& request, net::Done done) {
              answer_page(request, std::move(done), backend,
                          {&Backend::records, kColumns, "latchkey-records.csv"});
            });
  router.on("GET", "/v1/records/licenses", Right::view,
            [&backend](const net::Request& request, net::Done done) {
              answer_page(request, std::move(done), backend,
                          {&Backend::license_records, kLicenseColumns, "latchkey-licenses.csv"});
            });
  router.on("GET", "/v1/records/verify", Right::view,
            [&backend](const net::Request&, net::Done done) {
              backend.verify_records(answer_with(std::move(done)));
            });
}

}  // namespace latchkey
