#include "agent/app/site_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

/// Leases end in whole seconds, and a site counts from before it asked.
constexpr std::uint32_t kMargin = 2;
constexpr std::string_view kIdentity = "identity:";

/// The site's identity is its name: whoever else asks has one as well, to try it out.
std::string site_of(const net::Caller& caller) {
  const bool enrolled = caller.id.starts_with(kIdentity);
  return site_consumer(enrolled ? caller.id.substr(kIdentity.size()) : caller.id);
}

Quantities usage_in(const Json& lease) {
  Quantities usage;
  for (const auto& item : lease.at("usage"))
    usage.emplace(PoolId{item.at("object"), item.at("unit")}, item.at("quantity"));
  return usage;
}

/// Every pool that counts here, those that are held first.
std::map<PoolId, GrantedPool> pools_of(const StatusView& view, const Quantities& held) {
  std::map<PoolId, GrantedPool> all;
  for (const auto& entry : view.entitlements.entries) {
    if (!entry.counts()) continue;
    const PoolId id{entry.entry->object, entry.entry->unit};
    if (all.size() == kMaxGrantPools && all.count(id) == 0 && held.count(id) == 0) continue;
    auto& pool = all.try_emplace(id, GrantedPool{0, entry.entry->kind, entry.ends}).first->second;
    pool.until = std::max(pool.until, entry.ends);
  }
  for (const auto& [id, quantity] : held)
    if (const auto known = all.find(id); known != all.end()) known->second.quantity = quantity;
  for (auto at = all.begin(); all.size() > kMaxGrantPools && at != all.end();)
    at = at->second.quantity == 0 ? all.erase(at) : std::next(at);
  return all;
}

}  // namespace

void SiteDesk::draw(const net::Caller& caller, DrawOrder order, net::Done done) {
  if (const auto why = refuse(order)) return done(error_answer(*why));
  const auto site = site_of(caller);
  UsageStatement statement;
  statement.usage = std::move(order.usage);
  statement.token = std::move(order.token);
  statement.ttl_s = static_cast<std::uint32_t>(parts_.reserve.count());
  parts_.consumers.state_usage(
      caller, site, statement,
      [this, site, nonce = std::move(order.nonce), done = std::move(done)](net::Response lease) {
        done(lease.status == 200 ? with_grant(lease, site, nonce) : std::move(lease));
      });
}

void SiteDesk::end_draw(const net::Caller& caller, net::Done done) {
  parts_.consumers.release(caller, site_of(caller), std::move(done));
}

/// A deployment that draws from itself, by way of others as well, would count its capacity twice.
std::optional<Error> SiteDesk::refuse(const DrawOrder& order) const {
  const auto& above = parts_.upstream().grant;
  const auto is_above = [&] {
    return above && (above->deployment == order.deployment ||
                     std::ranges::find(above->chain, order.deployment) != above->chain.end());
  };
  if (order.deployment == parts_.identity.deployment_id() || is_above())
    return Error{"site-loop", "This deployment draws from the one that asks, or is that one.",
                 "Disconnect one of the deployments of the ring: `latchkey upstream disconnect`."};
  if (above && above->chain.size() + 3 > kMaxSiteDepth)
    return Error{
        "site-too-deep",
        "There are " + std::to_string(kMaxSiteDepth) + " deployments one below the other already.",
        "Connect the site to a license server further up."};
  return std::nullopt;
}

net::Response SiteDesk::with_grant(const net::Response& lease, const std::string& site,
                                   const std::string& nonce) const {
  auto body = Json::parse(lease.payload());
  const auto& key = parts_.identity.deployment_key();
  const auto sealed = seal_grant(grant(site, nonce, usage_in(body)), key);
  if (!sealed) return error_answer(sealed.error());
  body["grant"] = *sealed;
  body["key"] = to_base64(key.public_key().der());
  return json_answer(body);
}

SiteGrant SiteDesk::grant(const std::string& site, const std::string& nonce,
                          const Quantities& held) const {
  SiteGrant grant;
  grant.deployment = parts_.identity.deployment_id();
  if (const auto& above = parts_.upstream().grant) {
    grant.chain = above->chain;
    grant.chain.insert(grant.chain.begin(), above->deployment);
  }
  grant.site = site;
  grant.nonce = nonce;
  grant.issued = parts_.clock.now();
  grant.grace_s = grace();
  grant.pools = pools_of(parts_.publisher.view(), held);
  return grant;
}

/// Not longer than this deployment itself could go on without its upstream.
std::uint32_t SiteDesk::grace() const {
  const auto own = static_cast<std::uint32_t>(parts_.reserve.count()) - kMargin;
  const auto& above = parts_.upstream();
  if (!above.grant) return own;
  const auto left =
      std::chrono::floor<std::chrono::seconds>(above.good_until - parts_.clock.now()).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, own));
}

}  // namespace latchkey
