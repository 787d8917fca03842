#include <nlohmann/json.hpp>
#include <optional>

#include "agent/api/access_backend.h"
#include "agent/api/answer.h"
#include "agent/api/routes.h"
#include "core/access/password.h"
#include "core/base/json.h"

namespace latchkey {
namespace {

using net::Done;
using net::Request;

constexpr std::size_t kMaxName = 64, kMaxToken = 256, kMaxRequest = 8 * 1024, kMaxReason = 256;
constexpr std::uint64_t kMaxLife = 30 * 86'400;
constexpr JsonLimits kLimits{.bytes = 32 * 1024, .depth = 1};

tl::unexpected<Error> bad(const Error& error, const char* cure) {
  return fail("bad-request", "The request cannot be understood: " + error.message, cure);
}

/// `read` takes the members of the body, an object. Error: `bad-request` with `cure`.
template <class Value, class Read>
Result<Value> body_of(const Request& request, const char* cure, Read read) {
  const auto json = parse_json(request.body, kLimits);
  if (!json) return bad(json.error(), cure);
  JsonObject body(*json);
  Value value = read(body);
  if (const auto outcome = body.finish(); !outcome) return bad(outcome.error(), cure);
  return value;
}

/// Calls `act` with the order, or answers why there is none.
template <class Order, class Act>
void with(const Result<Order>& order, const Done& done, Act act) {
  if (!order) return done(error_answer(order.error()));
  act(*order);
}

Role role_in(JsonObject& body) {
  Role role = Role::none;
  body.choice("role", [&](std::string_view name) {
    const auto known = parse_role(name);
    role = known.value_or(Role::none);
    return known.has_value();
  });
  return role;
}

Result<TokenOrder> token_order(const Request& request) {
  return body_of<TokenOrder>(
      request,
      R"(Send {"role": "viewer|operator|administrator|consumer|client-site", "name": "web-1", "valid_s": 86400}; a token is good for 60 s to 30 days.)",
      [](JsonObject& body) {
        TokenOrder order{role_in(body), body.name("name", kMaxName), {}};
        order.life = std::chrono::seconds(body.has("valid_s") ? body.number("valid_s", 60, kMaxLife)
                                                              : 86'400);
        return order;
      });
}

struct Enrolment {
  std::string token, request;
};
/// The request is PEM: text of several lines.
Result<Enrolment> enrolment(const Request& request) {
  constexpr const char* kCure =
      R"(Send {"token": "LKE-…", "csr": "-----BEGIN CERTIFICATE REQUEST-----…"}.)";
  const auto json = parse_json(request.body, kLimits);
  if (!json) return bad(json.error(), kCure);
  const auto member = [&](const char* name, std::size_t max) -> std::optional<std::string> {
    if (!json->is_object() || !json->contains(name) || !json->at(name).is_string())
      return std::nullopt;
    auto text = json->at(name).get<std::string>();
    return text.empty() || text.size() > max ? std::nullopt : std::make_optional(std::move(text));
  };
  auto token = member("token", kMaxToken), csr = member("csr", kMaxRequest);
  if (!token || !csr || json->size() != 2)
    return bad({"", "it is no object of a token and a certificate request.", ""}, kCure);
  return Enrolment{*std::move(token), *std::move(csr)};
}

Result<AccountOrder> account_order(const Request& request) {
  auto order = body_of<AccountOrder>(
      request, R"(Send {"role": "viewer|operator|administrator", "password": "…"}.)",
      [](JsonObject& body) {
        return AccountOrder{{}, role_in(body), body.text("password", kMaxPassword)};
      });
  if (!order) return order;
  order->name = net::last_segment(request);
  // As a name in any body.
  const nlohmann::json named{{"name", order->name}};
  JsonObject name(named);
  name.name("name", kMaxName);
  if (!name.finish() ||
      rights_of(order->role).has(Right::consume) != (order->role == Role::administrator))
    return fail("bad-request",
                "An account has a name of letters, digits and `.-_:`, and the role "
                "viewer, operator or administrator.",
                "Machines enrol with a token: `latchkey server token create`.");
  return order;
}

Result<AccountOrder> login(const Request& request) {
  return body_of<AccountOrder>(request, R"(Send {"name": "…", "password": "…"}.)",
                               [](JsonObject& body) {
                                 return AccountOrder{body.name("name", kMaxName), Role::none,
                                                     body.text("password", kMaxPassword)};
                               });
}

Result<std::string> reason_of(const Request& request) {
  if (request.body.empty()) return std::string();
  return body_of<std::string>(request, R"(Send {"reason": "…"}, or nothing.)",
                              [](JsonObject& body) { return body.text("reason", kMaxReason); });
}

void add_lists(net::Router& router, AccessBackend& access) {
  const auto list = [&](const char* path, Rights needs, auto member) {
    router.on("GET", path, needs, [&access, member](const Request&, const Done& done) {
      done(json_answer((access.*member)()));
    });
  };
  list("/v1/server", Right::view, &AccessBackend::server);
  list("/v1/server/tokens", Right::administer, &AccessBackend::tokens);
  list("/v1/server/identities", Right::view, &AccessBackend::identities);
  list("/v1/server/accounts", Right::administer, &AccessBackend::accounts);
  // Whoever pins it has to get it first.
  router.on("GET", "/v1/server/ca", {}, [&access](const Request&, const Done& done) {
    net::Response response;
    response.content_type = "application/x-pem-file";
    response.body = access.ca_certificate();
    done(std::move(response));
  });
}

void add_identities(net::Router& router, AccessBackend& access) {
  router.on("POST", "/v1/server/tokens", Right::administer,
            [&access](const Request& request, const Done& done) {
              with(token_order(request), done, [&](const TokenOrder& order) {
                access.create_token(request.caller, order, answer_with(done));
              });
            });
  router.on("POST", "/v1/enrol", {}, [&access](const Request& request, const Done& done) {
    if (auto refusal = access.attempt(request.from)) return done(*std::move(refusal));
    with(enrolment(request), done, [&](const Enrolment& order) {
      access.enrol(request.from, order.token, order.request, answer_with(done));
    });
  });
  router.on("DELETE", "/v1/server/identities/{id}", Right::administer,
            [&access](const Request& request, const Done& done) {
              with(reason_of(request), done, [&](const std::string& reason) {
                access.revoke(request.caller, net::last_segment(request), reason,
                              answer_with(done));
              });
            });
}

void add_accounts(net::Router& router, AccessBackend& access) {
  router.on("PUT", "/v1/server/accounts/{name}", Right::administer,
            [&access](const Request& request, const Done& done) {
              with(account_order(request), done, [&](const AccountOrder& order) {
                access.set_account(request.caller, order, answer_with(done));
              });
            });
  router.on("DELETE", "/v1/server/accounts/{name}", Right::administer,
            [&access](const Request& request, const Done& done) {
              access.delete_account(request.caller, net::last_segment(request), answer_with(done));
            });
  router.on("POST", "/v1/session", {}, [&access](const Request& request, const Done& done) {
    with(login(request), done, [&](const AccountOrder& order) {
      access.open_session(request.from, order.name, order.password, done);
    });
  });
  router.on("GET", "/v1/session", {},
            [&access](const Request& request, const Done& done) { done(access.session(request)); });
  router.on("DELETE", "/v1/session", {}, [&access](const Request& request, const Done& done) {
    done(access.close_session(request));
  });
}

}  // namespace

void add_access_routes(net::Router& router, AccessBackend& access) {
  add_lists(router, access);
  add_identities(router, access);
  add_accounts(router, access);
}

}  // namespace latchkey
