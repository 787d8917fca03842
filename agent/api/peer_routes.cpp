#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"
#include "core/base/json.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxToken = 4096;
constexpr JsonLimits kLimits{.bytes = 2 * kMaxToken, .depth = 1};

Result<std::string> token_of(const net::Request& request) {
  const auto body = parse_json(request.body, kLimits);
  if (body && body->is_object() && body->size() == 1 && body->contains("token") &&
      body->at("token").is_string()) {
    auto token = body->at("token").get<std::string>();
    if (!token.empty() && token.size() <= kMaxToken) return token;
  }
  return fail("bad-request", "The body is no JSON object with a `token` of 1 to 4096 bytes.",
              "Send {\"token\": \"…\"} with the whole token that `latchkey peer invite` printed.");
}

}  // namespace

void add_peer_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/peer", Right::view, [&backend](const net::Request&, const net::Done& done) {
    done(snapshot_answer(backend.snapshot().peer));
  });
  router.on("POST", "/v1/peer/invite", Right::administer,
            [&backend](const net::Request& request, net::Done done) {
              backend.peer_invite(request.caller, answer_with(std::move(done)));
            });
  router.on("POST", "/v1/peer/join", Right::administer,
            [&backend](const net::Request& request, net::Done done) {
              auto token = token_of(request);
              if (!token) return done(error_answer(token.error()));
              backend.peer_join(request.caller, std::move(*token), answer_with(std::move(done)));
            });
}

}  // namespace latchkey
