#include <nlohmann/json.hpp>
#include <optional>

#include "agent/api/answer.h"
#include "agent/api/routes.h"
#include "agent/api/site_backend.h"
#include "core/base/json.h"
#include "core/pool/lease_token.h"
#include "core/site/upstream_fact.h"

namespace latchkey {
namespace {

using net::Done;
using net::Request;
using Json = nlohmann::json;

constexpr std::size_t kMaxBody = 64 * 1024;
constexpr std::size_t kMaxName = 64, kMaxServer = 300, kMaxToken = 256, kMaxCa = 32 * 1024;
constexpr std::size_t kIdBytes = 32, kNonceBytes = 16;
constexpr JsonLimits kLimits{.bytes = kMaxBody, .depth = 3};

tl::unexpected<Error> bad(const std::string& why) {
  return fail("bad-request", "The request cannot be understood: " + why,
              "Correct the request; docs/api.yaml describes it.");
}

Result<DrawOrder> draw_order(const Request& request) {
  const auto json = parse_json(request.body, kLimits);
  if (!json) return bad(json.error().message);
  JsonObject body(*json);
  DrawOrder order{body.hex("deployment", kIdBytes), body.hex("nonce", kNonceBytes), {}, {}};
  if (body.has("token")) order.token = body.text("token", LeaseSeal::kMaxToken);
  Quantities known;
  body.objects("usage", 0, kMaxLeaseItems, [&](JsonObject& item) {
    PoolId pool{item.name("object", kMaxName), item.name("unit", kMaxName)};
    const auto quantity = item.number("quantity", 0, kMaxQuantity);
    if (!known.emplace(pool, quantity).second) item.reject("object", "is named twice");
    order.usage.push_back({std::move(pool), quantity});
  });
  if (const auto read = body.finish(); !read) return bad(read.error().message);
  return order;
}

/// A text of several lines, or none.
std::optional<std::string> lines_in(const Json& body, const char* name, std::size_t max) {
  const auto found = body.find(name);
  if (found == body.end()) return std::string();
  if (!found->is_string() || found->get_ref<const std::string&>().size() > max) return std::nullopt;
  return found->get<std::string>();
}

Result<UpstreamOrder> upstream_order(const Request& request) {
  const auto json = parse_json(request.body, kLimits);
  if (!json) return bad(json.error().message);
  auto ca = json->is_object() ? lines_in(*json, "ca", kMaxCa) : std::nullopt;
  if (!ca) return bad("it is no object, or ca is no certificate.");
  Json plain = *json;
  plain.erase("ca");
  JsonObject body(plain);
  UpstreamOrder order{{}, body.text("token", kMaxToken), *std::move(ca)};
  body.objects("servers", 1, kMaxUpstreamServers, [&](JsonObject& server) {
    order.servers.push_back(server.text("address", kMaxServer));
  });
  if (const auto read = body.finish(); !read) return bad(read.error().message);
  return order;
}

}  // namespace

void add_site_routes(net::Router& router, DrawBackend& draws, UpstreamBackend& upstream) {
  router.on(
      "PUT", "/v1/draw", Right::draw,
      [&draws](const Request& request, Done done) {
        auto order = draw_order(request);
        if (!order) return done(error_answer(order.error()));
        draws.draw(request.caller, *std::move(order), std::move(done));
      },
      kMaxBody);
  router.on("DELETE", "/v1/draw", Right::draw, [&draws](const Request& request, Done done) {
    draws.end_draw(request.caller, std::move(done));
  });
  router.on("GET", "/v1/upstream", Right::view, [&upstream](const Request&, const Done& done) {
    done(json_answer(upstream.upstream()));
  });
  router.on(
      "POST", "/v1/upstream", Right::administer,
      [&upstream](const Request& request, const Done& done) {
        auto order = upstream_order(request);
        if (!order) return done(error_answer(order.error()));
        upstream.connect(request.caller, *std::move(order), answer_with(done));
      },
      kMaxBody);
  router.on("DELETE", "/v1/upstream", Right::administer,
            [&upstream](const Request& request, const Done& done) {
              upstream.disconnect(request.caller, answer_with(done));
            });
}

}  // namespace latchkey
