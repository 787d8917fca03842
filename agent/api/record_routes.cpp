#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxPage = 1000;
constexpr std::size_t kMaxFilter = 64;

tl::unexpected<Error> bad_parameter(const std::string& name) {
  return fail("bad-request", "The query parameter `" + name + "` is unknown or out of range.",
              "Use node, kind, before (a position) and limit (1 to 1000).");
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<void> take_parameter(const std::string& name, const std::string& value, RecordQuery& query) {
  if (name == "node" || name == "kind") {
    if (value.size() > kMaxFilter) return bad_parameter(name);
    (name == "node" ? query.node : query.kind) = value;
    return {};
  }
  const auto parsed = number(value);
  if (!parsed) return bad_parameter(name);
  if (name == "before") {
    query.before = *parsed;
  } else if (name == "limit" && *parsed >= 1 && *parsed <= kMaxPage) {
    query.limit = static_cast<std::size_t>(*parsed);
  } else {
    return bad_parameter(name);
  }
  return {};
}

Result<nlohmann::json> page(const net::Request& request, const Backend& backend) {
  RecordQuery query;
  for (const auto& [name, value] : request.query) LK_CHECK(take_parameter(name, value, query));
  return backend.records(query);
}

}  // namespace

void add_record_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/records", net::Role::viewer,
            [&backend](const net::Request& request, const net::Done& done) {
              done(answer(page(request, backend)));
            });
  router.on("GET", "/v1/records/verify", net::Role::viewer,
            [&backend](const net::Request&, net::Done done) {
              backend.verify_records(answer_with(std::move(done)));
            });
}

}  // namespace latchkey
