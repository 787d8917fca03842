#include "agent/api/answer.h"

#include <array>
#include <nlohmann/json.hpp>

namespace latchkey {
namespace {

struct Row {
  std::string_view code;
  int status;
};
constexpr std::array kStatuses{
    Row{"bad-request", 400},
    Row{"token-invalid", 422},
    Row{"token-unknown", 422},
    Row{"token-used", 422},
    Row{"token-expired", 422},
    Row{"own-invitation", 422},
    // SPEC LIC-5: what is wrong with the document itself; the rest depends on what is here (409).
    Row{"invalid-format", 422},
    Row{"wrong-environment", 422},
    Row{"unknown-license", 404},
    Row{"untrusted-signer", 422},
    Row{"revoked", 422},
    Row{"expired", 422},
    Row{"not-yet-valid", 422},
    Row{"not-owner", 403},
    Row{"lease-unknown", 404},
    Row{"not-holder", 421},
    Row{"recovering", 503},
    Row{"too-many-leases", 503},
    Row{"request-invalid", 422},
    Row{"password-unfit", 422},
    Row{"unknown-identity", 404},
    Row{"unknown-account", 404},
    Row{"wrong-password", 401},
    Row{"identity-revoked", 403},
    Row{"identity-unknown", 403},
    Row{"identity-overtaken", 403},
    Row{"csrf-missing", 403},
    Row{"origin-refused", 403},
    Row{"host-refused", 403},
    Row{"too-many-attempts", 429},
    Row{"server-unreachable", 503},
    Row{"server-untrusted", 502},
    Row{"bad-answer", 502},
    Row{"address-invalid", 422},
    Row{"wrong-role", 422},
    Row{"peer-unreachable", 503},
    Row{"store-failed", 503},
};

}  // namespace

net::Response snapshot_answer(const std::shared_ptr<const std::string>& body) {
  net::Response response;
  response.shared_body = body;
  return response;
}

std::string json_text(const nlohmann::json& body) {
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

net::Response json_answer(const nlohmann::json& body) {
  net::Response response;
  response.body = json_text(body);
  return response;
}

int http_status(const Error& error) {
  for (const auto& row : kStatuses)
    if (row.code == error.code) return row.status;
  return 409;
}

net::Response error_answer(const Error& error) { return net::problem(http_status(error), error); }

net::Response answer(const Result<nlohmann::json>& result) {
  return result ? json_answer(*result) : error_answer(result.error());
}

Backend::JsonDone answer_with(net::Done done) {
  return [done = std::move(done)](const Result<nlohmann::json>& result) { done(answer(result)); };
}

}  // namespace latchkey
