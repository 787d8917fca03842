#include "agent/app/session_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/access/password.h"
#include "core/base/host_port.h"
#include "core/base/same_secret.h"

namespace latchkey {
namespace {

namespace names = log::names;
using Instant = Sessions::Instant;

// An honest person mistypes a few times; a thief gets 4 guesses a minute at one account.
constexpr unsigned kAddressBurst = 20, kAccountBurst = 10;
constexpr std::chrono::seconds kAddressInterval{5}, kAccountInterval{15};
constexpr std::size_t kMaxWaiting = 8;

Instant now() { return std::chrono::steady_clock::now(); }

bool reads(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Sessions::Wire wire_of(const net::Origin& from) {
  return from.plain ? Sessions::Wire::plain : Sessions::Wire::tls;
}

/// Else a page of another site, whose name was made to lead here, would count as ours.
bool names_loopback(const std::string& host) {
  auto parts = split_address(host);
  if (!parts) parts = split_address(host + ":80");  // a browser leaves out the usual port
  return parts && (parts->host == "localhost" || is_loopback(parts->host));
}

std::optional<net::Response> objection_to(const Access::Identity* identity) {
  constexpr const char* kAgain =
      "Make a new key and enrol it with a new token (`latchkey server token create`).";
  if (identity == nullptr)
    return error_answer(
        {"identity-unknown", "This certificate belongs to no identity of the deployment.", kAgain});
  if (identity->overtaken)
    return error_answer({"identity-overtaken",
                         "The token of this identity had been used on the other node before.",
                         kAgain});
  if (identity->revoked)
    return error_answer({"identity-revoked", "This identity was revoked.", kAgain});
  return std::nullopt;
}

net::Response too_many(std::chrono::seconds wait) {
  auto response = error_answer({"too-many-attempts", "There were too many attempts to come in.",
                                "Try again in " + std::to_string(wait.count()) + " s."});
  response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return response;
}

}  // namespace

struct SessionDesk::Attempt {
  std::string name, address, verifier;
  Sessions::Wire wire;
};

SessionDesk::SessionDesk(Reactor& reactor, const Access& access, FillRandom random)
    : access_(access),
      random_(std::move(random)),
      by_address_(kAddressBurst, kAddressInterval),
      by_account_(kAccountBurst, kAccountInterval),
      work_(reactor) {}

net::Caller SessionDesk::caller_of(const net::Request& request) {
  if (!request.from.pin.empty()) {
    const auto* identity = access_.by_pin(request.from.pin);
    if (identity == nullptr || !identity->good()) return {{}, request.from.address};
    const auto& who = identity->enrolled;
    return {rights_of(who.role), who.name + " (" + who.id + ")", "identity:" + who.id};
  }
  const auto* session = sessions_.find(request.cookie, now(), wire_of(request.from));
  const auto* account = session == nullptr ? nullptr : access_.account(session->account);
  if (account == nullptr) return {{}, request.from.address};
  return {rights_of(account->role), account->name, "account:" + account->name};
}

std::optional<net::Response> SessionDesk::objection(const net::Request& request) {
  if (!request.from.pin.empty()) return objection_to(access_.by_pin(request.from.pin));
  if (request.from.plain && !names_loopback(request.host))
    return error_answer({"host-refused", "This is no page of " + request.host + ".",
                         "Open it as http://localhost, with the port of web.listen."});
  // A page of another site may make a browser send anything, but not say that it comes from here.
  const auto here = (request.from.plain ? "http://" : "https://") + request.host;
  if (!reads(request) && !request.origin.empty() && request.origin != here)
    return error_answer({"origin-refused",
                         "The request comes from a page of " + request.origin + ".",
                         "Use the page of this agent."});
  auto* session = sessions_.find(request.cookie, now(), wire_of(request.from));
  if (session == nullptr) return std::nullopt;
  session->used = now();
  const bool login = request.path == "/v1/session" && request.method == "POST";
  if (!reads(request) && !login && !same_secret(request.csrf, session->csrf))
    return error_answer({"csrf-missing", "A session changes nothing without its X-Latchkey-CSRF.",
                         "Send the header with the value that POST /v1/session answered."});
  return std::nullopt;
}

std::optional<net::Response> SessionDesk::attempt(const net::Origin& from) {
  const auto wait = by_address_.take(from.address, now());
  if (wait > std::chrono::seconds(0)) return too_many(wait);
  return std::nullopt;
}

void SessionDesk::open(const net::Origin& from, const std::string& name,
                       const std::string& password, net::Done done) {
  if (from.address.empty())
    return done(error_answer({"session-needless", "There are no sessions on the Unix socket.",
                              "Its users are known by their groups."}));
  const auto wait = std::max(by_address_.take(from.address, now()), by_account_.take(name, now()));
  if (wait > std::chrono::seconds(0)) return done(too_many(wait));
  if (waiting_ >= kMaxWaiting) return done(too_many(kAddressInterval));
  ++waiting_;
  const auto* account = access_.account(name);
  const auto attempt = std::make_shared<Attempt>(Attempt{
      name, from.address, account == nullptr ? std::string() : account->verifier, wire_of(from)});
  const auto fits = std::make_shared<bool>(false);
  work_.run([attempt, fits, password](
                const std::stop_token&) { *fits = password_fits(password, attempt->verifier); },
            [this, attempt, fits, done = std::move(done)] { judged(*attempt, *fits, done); });
}

void SessionDesk::judged(const Attempt& attempt, bool fits, const net::Done& done) {
  --waiting_;
  const auto* account = access_.account(attempt.name);
  // The account may have changed while its password was judged.
  if (!fits || account == nullptr || account->verifier != attempt.verifier) {
    log::warning(names::kLoginRefused, {{"account", attempt.name}, {"from", attempt.address}});
    return done(
        error_answer({"wrong-password", "There is no such account, or the password is wrong.",
                      "An administrator sets it with `latchkey server account set`."}));
  }
  by_address_.give_back(attempt.address);
  by_account_.give_back(attempt.name);
  log::info(names::kLogin, {{"account", attempt.name}, {"from", attempt.address}});
  done(opened(*account, attempt.wire));
}

net::Response SessionDesk::opened(const AccountSet& account, Sessions::Wire wire) {
  const auto session = sessions_.open(account.name, now(), random_, wire);
  if (!session) return error_answer(session.error());
  auto response = json_answer({{"name", account.name},
                               {"role", to_string(account.role)},
                               {"rights", to_string(rights_of(account.role))},
                               {"csrf", session->csrf}});
  response.headers.emplace_back("Set-Cookie", session->cookie);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

net::Response SessionDesk::show(const net::Request& request) {
  const auto& caller = request.caller;
  const auto* session = sessions_.find(request.cookie, now(), wire_of(request.from));
  auto response = json_answer(
      {{"name", caller.name},
       {"rights", caller.rights.empty() ? "" : to_string(caller.rights)},
       {"csrf", session == nullptr ? nlohmann::json() : nlohmann::json(session->csrf)}});
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

net::Response SessionDesk::close(const net::Request& request) {
  sessions_.close(request.cookie, wire_of(request.from));
  auto response = json_answer({{"closed", true}});
  response.headers.emplace_back("Set-Cookie", Sessions::farewell(wire_of(request.from)));
  return response;
}

}  // namespace latchkey
