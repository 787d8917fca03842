#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxToken = 4096;

Result<std::string> token_of(const net::Request& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const auto token = body.is_object() ? body.find("token") : body.end();
  if (!body.is_object() || token == body.end() || !token->is_string())
    return fail("bad-request", "The body is no JSON object with a string `token`.",
                "Send {\"token\": \"…\"} with the token that `latchkey peer invite` printed.");
  auto text = token->get<std::string>();
  if (text.empty() || text.size() > kMaxToken)
    return fail("invalid-token", "The token is empty or too long.",
                "Copy the whole token that `latchkey peer invite` printed.");
  return text;
}

}  // namespace

void add_peer_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/peer", net::Role::viewer,
            [&backend](const net::Request&, const net::Done& done) {
              done(snapshot_answer(backend.snapshot().peer));
            });
  router.on("POST", "/v1/peer/invite", net::Role::administrator,
            [&backend](const net::Request& request, net::Done done) {
              backend.peer_invite(request.caller, answer_with(std::move(done)));
            });
  router.on("POST", "/v1/peer/join", net::Role::administrator,
            [&backend](const net::Request& request, net::Done done) {
              auto token = token_of(request);
              if (!token) return done(net::problem(http_status(token.error()), token.error()));
              backend.peer_join(request.caller, std::move(*token), answer_with(std::move(done)));
            });
}

}  // namespace latchkey
