#include "agent/app/access_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/access/enrolment_token.h"
#include "core/access/password.h"
#include "core/base/same_secret.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
namespace names = log::names;

constexpr std::size_t kIdDigits = 16;
constexpr const char* kNewToken =
    "Ask an administrator for a new one: `latchkey server token create`.";

tl::unexpected<Error> unknown(const char* code, const std::string& kind, const std::string& name) {
  return fail(code, "There is no " + kind + " " + name + ".",
              "`latchkey server " + kind + " list` shows what there is.");
}

}  // namespace

AccessDesk::AccessDesk(Parts parts, Patience patience)
    : parts_(std::move(parts)),
      acknowledger_(parts_.reactor, parts_.clock, parts_.log, parts_.link,
                    parts_.identity.node_id(), patience),
      sessions_(parts_.reactor, access_, parts_.random),
      work_(parts_.reactor) {
  look();
}

bool AccessDesk::look() {
  renew_authority();
  acknowledger_.look();
  const bool news =
      std::ranges::any_of(parts_.log.facts().news(seen_), [](const FactLog::Entry& entry) {
        return std::holds_alternative<AccessFact>(entry.stored.fact.body);
      });
  if (news) fold();
  return news;
}

void AccessDesk::fold() {
  access_ = Access();
  for (const auto* fact : parts_.log.facts().about<AccessFact>())
    access_.apply(fact->at, std::get<AccessFact>(fact->body));
}

/// A node that joins takes the other's deployment for its own.
void AccessDesk::renew_authority() {
  if (authority_of_ == parts_.identity.deployment_id()) return;
  authority_of_ = parts_.identity.deployment_id();
  authority_.reset();
  auto made = Authority::create(parts_.identity.deployment_key());
  if (made)
    authority_ = *std::move(made);
  else
    log::error(names::kServerFailed,
               {{"code", made.error().code}, {"detail", made.error().message}});
}

void AccessDesk::change(AccessFact fact, Answer answer, JsonDone done) {
  parts_.log.witness([&](Witness& w, Time now) { w.access_changed(now, std::move(fact)); });
  acknowledger_.wait([](const Decision&, bool) { return true; }, [] {},
                     [this, answer = std::move(answer),
                      done = std::move(done)](const Acknowledger::Outcome& outcome) {
                       if (!outcome.durable) return done(Acknowledger::not_durable("the change"));
                       auto body = answer();
                       if (body) (*body)["nodes"] = acknowledger_.nodes(outcome, parts_.names());
                       done(std::move(body));
                     });
}

void AccessDesk::create_token(const net::Caller& caller, TokenOrder order, JsonDone done) {
  if (!authority_) return done(fail("crypto-failed", "The deployment has no CA; see the log."));
  const auto token = new_enrolment_token(authority_->pin(), parts_.random);
  if (!token) return done(tl::make_unexpected(token.error()));
  const auto expires = parts_.clock.now() + order.life;
  log::info(names::kTokenCreated, {{"id", token->id}, {"name", order.name}, {"by", caller.name}});
  change(
      TokenCreated{token->id, token->verifier(), order.role, order.name, expires, caller.name},
      [order, expires, id = token->id, text = encode_enrolment_token(*token)] {
        return Json{{"token", text},
                    {"id", id},
                    {"role", to_string(order.role)},
                    {"name", order.name},
                    {"expires", format_time(expires)}};
      },
      std::move(done));
}

/// One answer for a token that is not known and for a wrong secret: nobody learns which ids exist.
Result<const Access::Token*> AccessDesk::usable(const std::string& text) const {
  LK_TRY(const auto token, decode_enrolment_token(text));
  const auto* known = access_.token(token.id);
  const auto verifier = token.verifier();
  if (known == nullptr || !same_secret(known->made.verifier, verifier))
    return fail("token-unknown", "This deployment does not know this token.", kNewToken);
  if (!known->used_by.empty() || under_way_.count(token.id) != 0)
    return fail("token-used", "This token was used already.", kNewToken);
  if (parts_.clock.now() >= known->made.expires)
    return fail("token-expired", "This token expired at " + format_time(known->made.expires) + ".",
                kNewToken);
  return known;
}

Result<void> AccessDesk::check_enrolment(const std::string& id, const std::string& pin) const {
  if (!authority_) return fail("crypto-failed", "The deployment has no CA; see the log.");
  if (access_.by_pin(pin) != nullptr || access_.identity(id) != nullptr ||
      under_way_.count(pin) != 0)
    return fail("key-known", "An identity with this key is known already.",
                "Make a new key for each enrolment.");
  return {};
}

void AccessDesk::enrol(const net::Origin& from, const std::string& token,
                       const std::string& request, JsonDone done) {
  const auto refuse = [&](const Error& error) {
    log::warning(names::kEnrolRefused,
                 {{"code", error.code}, {"detail", error.message}, {"from", from.address}});
    done(tl::make_unexpected(error));
  };
  const auto known = usable(token);
  if (!known) return refuse(known.error());
  const auto key = key_of_request(request);
  if (!key) return refuse(key.error());
  const auto& made = (*known)->made;
  const auto pin = key->fingerprint();
  const IdentityEnrolled identity{pin.substr(0, kIdDigits), made.role, made.name, pin, made.id};
  if (const auto allowed = check_enrolment(identity.id, pin); !allowed)
    return refuse(allowed.error());
  const auto certificate =
      authority_->issue_client(*key, {identity.name, identity.id}, parts_.clock.now());
  if (!certificate) return refuse(certificate.error());
  sessions_.attempt_succeeded(from);
  under_way_.insert({identity.token, pin});
  log::info(names::kEnrolled,
            {{"id", identity.id}, {"name", identity.name}, {"from", from.address}});
  change(
      identity,
      [this, identity, certificate = *certificate]() -> Result<Json> {
        under_way_.erase(identity.token);
        under_way_.erase(identity.pin);
        look();
        const auto* enrolled = access_.identity(identity.id);
        if (enrolled == nullptr || enrolled->overtaken)
          return fail("token-used", "This token was used on the other node just before.",
                      kNewToken);
        return Json{{"identity", identity.id},
                    {"name", identity.name},
                    {"role", to_string(identity.role)},
                    {"certificate", certificate},
                    {"ca", ca_certificate()}};
      },
      std::move(done));
}

void AccessDesk::revoke(const net::Caller& caller, const std::string& identity,
                        const std::string& reason, JsonDone done) {
  const auto* known = access_.identity(identity);
  if (known == nullptr) return done(unknown("unknown-identity", "identity", identity));
  if (known->revoked)
    return done(fail("already-revoked", "Identity " + identity + " was revoked already.",
                     "Nothing is to do."));
  log::info(names::kRevoked, {{"id", identity}, {"by", caller.name}});
  change(
      IdentityRevoked{identity, caller.name, reason},
      [identity] {
        return Json{{"identity", identity}, {"revoked", true}};
      },
      std::move(done));
}

void AccessDesk::set_account(const net::Caller& caller, AccountOrder order, JsonDone done) {
  const auto made = std::make_shared<Result<std::string>>();
  auto password = std::exchange(order.password, {});
  work_.run([made, password = std::move(password), random = parts_.random](
                const std::stop_token&) { *made = password_verifier(password, random); },
            [this, made, order = std::move(order), by = caller.name, done = std::move(done)] {
              if (!*made) return done(tl::make_unexpected(made->error()));
              sessions_.forget(order.name);
              change(
                  AccountSet{order.name, order.role, **made, by},
                  [order] {
                    return Json{{"name", order.name}, {"role", to_string(order.role)}};
                  },
                  done);
            });
}

void AccessDesk::delete_account(const net::Caller& caller, const std::string& name, JsonDone done) {
  if (access_.account(name) == nullptr) return done(unknown("unknown-account", "account", name));
  sessions_.forget(name);
  change(
      AccountDeleted{name, caller.name},
      [name] {
        return Json{{"name", name}};
      },
      std::move(done));
}

}  // namespace latchkey
