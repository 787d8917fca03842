#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"
#include "core/base/json.h"

namespace latchkey {
namespace {

constexpr JsonLimits kLimits{.bytes = 256, .depth = 1};

/// `{"force": true}`, which may be left out, as may the body.
Result<bool> force_in(const net::Request& request) {
  if (request.body.empty()) return false;
  const auto json = parse_json(request.body, kLimits);
  if (json && json->is_object() && json->empty()) return false;
  if (json && json->is_object() && json->size() == 1 && json->contains("force") &&
      json->at("force").is_boolean())
    return json->at("force").get<bool>();
  return fail("bad-request", "The body is no JSON object with just `force`.",
              "Send {\"force\": true}, or nothing.");
}

}  // namespace

void add_server_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/server/holder", Right::view | Right::consume,
            [&backend](const net::Request&, const net::Done& done) {
              done(backend.consumers().holder());
            });
  router.on("POST", "/v1/server/take-over", Right::administer,
            [&backend](const net::Request& request, net::Done done) {
              const auto force = force_in(request);
              if (!force) return done(error_answer(force.error()));
              backend.consumers().take_over(request.caller, *force, std::move(done));
            });
}

}  // namespace latchkey
