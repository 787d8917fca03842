#include "core/site/site_grant.h"

#include <nlohmann/json.hpp>
#include <span>

#include "core/base/json.h"
#include "core/license/envelope.h"
#include "core/pool/lease.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr JsonLimits kLimits{.bytes = 64 * 1024, .depth = 3};
constexpr std::size_t kMaxName = 64, kIdBytes = 32, kIdDigits = 64, kNonceBytes = 16;

Json to_json(const SiteGrant& grant) {
  auto pools = Json::array();
  for (const auto& [id, pool] : grant.pools)
    pools.push_back({{"object", id.object},
                     {"unit", id.unit},
                     {"kind", to_string(pool.kind)},
                     {"quantity", pool.quantity},
                     {"until", format_time(pool.until)}});
  return {{"deployment", grant.deployment},
          {"chain", grant.chain},
          {"site", grant.site},
          {"nonce", grant.nonce},
          {"issued", format_time(grant.issued)},
          {"grace_s", grant.grace_s},
          {"pools", std::move(pools)}};
}

void read_pool(JsonObject& in, SiteGrant& grant) {
  PoolId id{in.name("object", kMaxName), in.name("unit", kMaxName)};
  GrantedPool pool{in.number("quantity", 0, kMaxQuantity), EntryKind::base, in.time("until")};
  in.choice("kind", [&](std::string_view name) {
    const auto kind = parse_entry_kind(name);
    pool.kind = kind.value_or(EntryKind::base);
    return kind.has_value();
  });
  if (!grant.pools.emplace(std::move(id), pool).second) in.reject("object", "is named twice");
}

}  // namespace

Result<std::string> seal_grant(const SiteGrant& grant, const PrivateKey& deployment_key) {
  return make_envelope(kSiteGrantType, to_json(grant).dump(), std::span(&deployment_key, 1));
}

Result<SiteGrant> open_grant(std::string_view envelope, const PublicKey& deployment_key) {
  LK_TRY(const auto parsed, parse_envelope(as_bytes(envelope)));
  if (parsed.payload_type != kSiteGrantType ||
      verified_by(parsed, std::span(&deployment_key, 1)).empty())
    return fail("signature-invalid", "The grant was not signed by the upstream that was enrolled.",
                "If that deployment was founded anew, connect again: `latchkey upstream connect`.");
  return parse_grant(parsed.payload);
}

Result<SiteGrant> parse_grant(ByteView payload) {
  LK_TRY(const auto value, parse_json(as_text(payload), kLimits));
  JsonObject in(value);
  SiteGrant grant;
  grant.deployment = in.hex("deployment", kIdBytes);
  grant.chain = in.names("chain", kMaxSiteDepth, kIdDigits);
  grant.site = in.name("site", kMaxConsumerId);
  grant.nonce = in.hex("nonce", kNonceBytes);
  grant.issued = in.time("issued");
  grant.grace_s = static_cast<std::uint32_t>(in.number("grace_s", 0, kMaxTtl));
  in.objects("pools", 0, kMaxGrantPools, [&](JsonObject& pool) { read_pool(pool, grant); });
  LK_CHECK(in.finish());
  return grant;
}

}  // namespace latchkey
