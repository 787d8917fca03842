#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/app/lease_answer.h"
#include "agent/app/upstream_desk.h"
#include "agent/identity/site_key.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/access/enrolment_token.h"
#include "core/access/rights.h"
#include "core/base/json.h"

// What administrators see and decide: connecting to an upstream, and leaving it (SPEC SRV-2,
// SRV-3).
namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr JsonLimits kEnrolmentLimits{.bytes = 64 * 1024, .depth = 4};

std::string text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Json UpstreamDesk::upstream() const {
  if (!state_.connected) return {{"state", "none"}};
  const auto at = parts_.clock.now();
  const bool over = at >= state_.good_until;
  const auto& connected = *state_.connected;
  auto pools = Json::array();
  Json chain = Json::array(), deployment = nullptr;
  if (state_.grant) {
    deployment = state_.grant->deployment;
    chain = state_.grant->chain;
    for (const auto& [id, pool] : state_.grant->pools) {
      const auto held = state_.held.find(id);
      pools.push_back({{"object", id.object},
                       {"unit", id.unit},
                       {"kind", to_string(pool.kind)},
                       {"held", held == state_.held.end() ? 0 : held->second},
                       {"until", format_time(pool.until)}});
    }
  }
  const auto problem = state_.lost ? std::optional(state_.lost->why) : problem_;
  return {{"state", over          ? "lost"
                    : state_.lost ? "unavailable"
                                  : "connected"},
          {"servers", connected.servers},
          {"identity", connected.identity},
          {"deployment", std::move(deployment)},
          {"chain", std::move(chain)},
          {"draws_here", can_draw()},
          {"pools", std::move(pools)},
          {"since", state_.lost ? Json(format_time(state_.lost->since)) : Json(nullptr)},
          {"good_until", format_time(std::chrono::floor<std::chrono::seconds>(state_.good_until))},
          {"problem", problem ? Json{{"code", problem->code},
                                     {"message", problem->message},
                                     {"cure", problem->cure}}
                              : Json(nullptr)}};
}

std::string UpstreamDesk::nonce() const {
  std::array<std::uint8_t, 16> bytes{};
  parts_.random(bytes);
  return to_hex(bytes);
}

net::HttpsRequest UpstreamDesk::draw_request(const Quantities& usage,
                                             const std::string& nonce) const {
  Json body{{"deployment", parts_.identity.deployment_id()},
            {"nonce", nonce},
            {"usage", quantities_json(usage)}};
  if (!token_.empty()) body["token"] = token_;
  return {"PUT", "/v1/draw", body.dump()};
}

/// What this deployment shows that upstream.
net::HttpsCard UpstreamDesk::card_for(const UpstreamConnected& upstream) const {
  const auto key = make_site_key(parts_.identity.deployment_key(), upstream.token);
  return {upstream.pin, upstream.ca, upstream.certificate, key ? key->key_pem : std::string()};
}

/// For the upstream that the facts name now.
void UpstreamDesk::use_line() {
  stated_.reset();
  answered_.reset();
  problem_.reset();
  token_.clear();
  failures_ = 0;
  next_ask_ = 0;
  asking_ = resting_ = false;
  plan_ = BlockPlan(parts_.rules);
  line_.cancel();
  if (!state_.connected) return;
  line_.use(state_.connected->servers, card_for(*state_.connected));
}

void UpstreamDesk::connect(const net::Caller& caller, UpstreamOrder order, JsonDone done) {
  if (state_.connected || joining_)
    return done(fail("upstream-connected", "This deployment has an upstream already.",
                     "Leave that one first: `latchkey upstream disconnect`."));
  const auto token = decode_enrolment_token(order.token);
  if (!token) return done(tl::make_unexpected(token.error()));
  UpstreamConnected wanted;
  for (const auto& server : order.servers) {
    auto address = net::canonical_server(server);
    if (!address) return done(tl::make_unexpected(address.error()));
    wanted.servers.push_back(*std::move(address));
  }
  const auto key = make_site_key(parts_.identity.deployment_key(), token->id);
  if (!key) return done(tl::make_unexpected(key.error()));
  log::info(log::names::kRequest, {{"what", "upstream-connect"}, {"by", caller.name}});
  wanted.pin = token->pin;
  wanted.ca = std::move(order.ca);
  wanted.token = token->id;
  wanted.by = caller.name;
  joining_ = std::make_unique<Joining>(Joining{std::move(wanted), key->key_pem, std::move(done)});
  const auto& connected = joining_->connected;
  joining_line_.use(connected.servers, {connected.pin, connected.ca});
  const Json body{{"token", encode_enrolment_token(*token)}, {"csr", key->request_pem}};
  joining_line_.ask({"POST", "/v1/enrol", body.dump()}, [this](const Outcome& outcome) {
    if (!outcome) return join_failed(outcome.error().error);
    enrolled(*outcome);
  });
}

void UpstreamDesk::enrolled(const std::string& body) {
  if (const auto taken = take_enrolment(body); !taken) return join_failed(taken.error());
  join();
}

Result<void> UpstreamDesk::take_enrolment(const std::string& body) {
  const auto json = parse_json(body, kEnrolmentLimits);
  auto& connected = joining_->connected;
  if (json && json->is_object()) {
    connected.identity = text_in(*json, "identity");
    connected.certificate = text_in(*json, "certificate");
  }
  if (connected.identity.size() != 16 || connected.certificate.empty())
    return fail("bad-answer", "The server's answer to the enrolment cannot be understood.",
                "Check that both agents have the same version.");
  const auto role = parse_role(text_in(*json, "role"));
  if (role && rights_of(*role).has(Right::draw)) return {};
  return fail("wrong-role", "The token was made for another role than client-site.",
              "Have another one made: `latchkey server token create --role client-site`.");
}

/// The first grant: it shows whether this deployment may draw at all, and the key that signs.
void UpstreamDesk::join() {
  const auto& connected = joining_->connected;
  joining_line_.use(connected.servers,
                    {connected.pin, connected.ca, connected.certificate, joining_->key_pem});
  token_.clear();
  const auto once = nonce();
  joining_line_.ask(draw_request({}, once), [this, once, sent = now()](const Outcome& outcome) {
    joined(once, sent, outcome);
  });
}

void UpstreamDesk::joined(const std::string& nonce, std::uint32_t sent, const Outcome& outcome) {
  if (!outcome) return join_failed(outcome.error().error);
  auto answer = read_draw_answer(*outcome);
  if (!answer) return join_failed(answer.error());
  auto& connected = joining_->connected;
  const auto grant = check_grant(answer->grant, answer->key, site_consumer(connected.identity),
                                 nonce, parts_.identity.deployment_id());
  if (!grant) return join_failed(grant.error());
  connected.key = std::move(answer->key);
  const auto left = grant->grace_s - std::min(grant->grace_s, now() - sent + 1);
  parts_.log.witness([&](Witness& w, Time at) {
    w.upstream(at, std::move(connected));
    w.upstream(at, UpstreamHeld{std::move(answer->grant), {}, left});
  });
  parts_.log.when_durable([this, joining = std::shared_ptr<Joining>(std::move(joining_))] {
    joining->done(upstream());
  });
}

void UpstreamDesk::join_failed(const Error& error) {
  const auto joining = std::exchange(joining_, nullptr);
  joining->done(tl::make_unexpected(error));
}

void UpstreamDesk::disconnect(const net::Caller& caller, JsonDone done) {
  if (!state_.connected)
    return done(fail("no-upstream", "This deployment has no upstream.", "Nothing is to do."));
  log::info(log::names::kRequest, {{"what", "upstream-disconnect"}, {"by", caller.name}});
  farewell_.use(state_.connected->servers, card_for(*state_.connected));
  parts_.log.witness(
      [&](Witness& w, Time at) { w.upstream(at, UpstreamDisconnected{caller.name}); });
  parts_.log.when_durable([this, done = std::move(done)] {
    // Should that fail, the upstream keeps the seats for its reserve, and not longer.
    farewell_.ask({"DELETE", "/v1/draw"}, [](const Outcome&) {});
    done(upstream());
  });
}

}  // namespace latchkey
