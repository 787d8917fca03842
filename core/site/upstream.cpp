#include "core/site/upstream.h"

#include <algorithm>

#include "core/base/sha256.h"

namespace latchkey {
namespace {

constexpr std::string_view kSitePrefix = "site:";

std::optional<SiteGrant> verified(const UpstreamConnected& upstream, const std::string& sealed) {
  const auto der = from_base64(upstream.key);
  const auto key = PublicKey::from_der(der.value_or(Bytes{}));
  if (!key) return std::nullopt;
  auto grant = open_grant(sealed, *key);
  if (!grant || grant->deployment != deployment_id(*key) ||
      grant->site != site_consumer(upstream.identity))
    return std::nullopt;
  return *std::move(grant);
}

}  // namespace

void UpstreamFold::apply(Time at, const UpstreamFact& fact) {
  std::visit([&](const auto& one) { on(at, one); }, fact);
}

void UpstreamFold::on(Time, const UpstreamConnected& fact) {
  *this = UpstreamFold();
  connected_ = fact;
}
void UpstreamFold::on(Time, const UpstreamDisconnected&) { *this = UpstreamFold(); }

void UpstreamFold::on(Time at, const UpstreamHeld& fact) {
  held_ = fact;
  held_at_ = at;
  lost_.reset();
}
void UpstreamFold::on(Time at, const UpstreamLost& fact) {
  if (!lost_) lost_at_ = at;
  lost_ = fact;
}

UpstreamState UpstreamFold::state() const {
  UpstreamState state;
  if (!connected_) return state;
  state.connected = connected_;
  if (lost_) state.lost = {lost_at_, {lost_->code, lost_->message, lost_->cure}};
  if (held_) state.grant = verified(*connected_, held_->grant);
  if (!state.grant) return state;
  state.sealed = held_->grant;
  for (const auto& [id, quantity] : held_->held)
    if (const auto granted = state.grant->pools.find(id); granted != state.grant->pools.end())
      state.held.emplace(id, std::min(quantity, granted->second.quantity));
  const auto grace = state.grant->grace_s;
  state.good_until = held_at_ + std::chrono::seconds(std::min(held_->left_s, grace));
  // Answers that changed nothing leave no fact; what was left after them is told with the loss.
  if (lost_)
    state.good_until =
        std::max(state.good_until, lost_at_ + std::chrono::seconds(std::min(lost_->left_s, grace)));
  return state;
}

std::string site_consumer(const std::string& identity) {
  return std::string(kSitePrefix) + identity;
}

bool is_site_consumer(std::string_view consumer) { return consumer.starts_with(kSitePrefix); }

std::shared_ptr<const StoredLicense> upstream_license(const UpstreamState& state) {
  if (!state.grant) return nullptr;
  const auto& grant = *state.grant;
  auto license = std::make_shared<StoredLicense>();
  license->hash = content_hash(as_bytes(state.sealed));
  auto& document = license->document;
  document.id = "upstream-" + state.connected->identity;
  document.issued = grant.issued;
  document.issuer = grant.deployment.substr(0, 16);
  document.binding = DeploymentBinding{};
  for (const auto& [id, pool] : grant.pools) {
    const auto held = state.held.find(id);
    document.entries.push_back({id.object,
                                id.unit,
                                held == state.held.end() ? 0 : held->second,
                                pool.kind,
                                {Time{}, pool.until},
                                {}});
  }
  return license;
}

}  // namespace latchkey
