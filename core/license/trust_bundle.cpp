#include "core/license/trust_bundle.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/json.h"
#include "core/usbkey/key_id.h"

namespace latchkey {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{192 * 1024, 4};  // {"issuers": [{"scopes": []}]}
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxIssuers = 64;
constexpr std::size_t kMaxScopes = 64;
constexpr std::size_t kMaxRoots = 16;
constexpr std::size_t kMaxRevoked = 1024;
constexpr std::size_t kMaxKey = 128;  // base64 of 91 bytes: 124
constexpr std::uint64_t kMaxVersion = (std::uint64_t{1} << 53) - 1;
constexpr std::string_view kLicenseScope = "license";
constexpr std::string_view kTimeScope = "time";

/// Nothing when the member is no public key; the fault is noted in `object`.
std::optional<PublicKey> read_key(JsonObject& object) {
  const auto der = from_base64(object.text("public_key", kMaxKey));
  auto key = PublicKey::from_der(der.value_or(Bytes{}));
  if (key) return std::move(*key);
  object.reject("public_key", "not an Ed25519 or P-256 public key");
  return std::nullopt;
}

void read_issuer(JsonObject& object, std::vector<Issuer>& out) {
  auto key = read_key(object);
  auto name = object.name("name", kMaxName);
  auto scopes = object.names("scopes", kMaxScopes, kMaxName + kLicenseScope.size() + 1);
  const ValidityWindow validity{object.time("not_before"), object.time("not_after")};
  if (!std::ranges::all_of(scopes, is_scope)) object.reject("scopes", "not a known scope");
  if (validity.not_before >= validity.not_after)
    object.reject("not_after", "not later than not_before");
  for (const auto& issuer : out)
    if (issuer.name == name || (key && issuer.key == *key)) object.reject("name", "listed twice");
  if (key) out.push_back({std::move(name), std::move(*key), std::move(scopes), validity});
}

Revocations read_revocations(JsonObject& object) {
  Revocations out{object.names("issuers", kMaxRevoked, kMaxName),
                  object.names("licenses", kMaxRevoked, kMaxName),
                  object.names("key_ids", kMaxRevoked, kMaxName)};
  for (const auto& id : out.key_ids)
    if (parse_key_id(id) != id) object.reject("key_ids", "not a key ID");
  return out;
}

RootSet read_roots(JsonObject& object) {
  RootSet out;
  object.objects("keys", 1, kMaxRoots, [&](JsonObject& item) {
    auto key = read_key(item);
    if (key && std::ranges::find(out.keys, *key) != out.keys.end())
      item.reject("public_key", "listed twice");
    if (key) out.keys.push_back(std::move(*key));
  });
  out.threshold = object.number("threshold", 1, std::max<std::size_t>(1, out.keys.size()));
  return out;
}

json to_json(const Issuer& issuer) {
  return {{"name", issuer.name},
          {"public_key", to_base64(issuer.key.der())},
          {"scopes", issuer.scopes},
          {"not_before", format_time(issuer.validity.not_before)},
          {"not_after", format_time(issuer.validity.not_after)}};
}

json to_json(const RootSet& roots) {
  auto keys = json::array();
  for (const auto& key : roots.keys) keys.push_back({{"public_key", to_base64(key.der())}});
  return {{"keys", std::move(keys)}, {"threshold", roots.threshold}};
}

}  // namespace

bool is_scope(std::string_view scope) {
  return scope == kLicenseScope || scope == kTimeScope ||
         (scope.starts_with("license:") && scope.size() > std::string_view("license:").size());
}

bool Issuer::may_repair_time() const {
  return std::ranges::find(scopes, kTimeScope) != scopes.end();
}

bool Issuer::may_license(std::string_view object) const {
  return std::ranges::any_of(scopes, [&](std::string_view scope) {
    return scope == kLicenseScope || (scope.starts_with("license:") && scope.substr(8) == object);
  });
}

Result<Issuer> parse_issuer(ByteView text) {
  LK_TRY(const auto value, parse_json(as_text(text), kLimits));
  JsonObject object(value);
  std::vector<Issuer> out;
  read_issuer(object, out);
  LK_CHECK(object.finish());
  return std::move(out.front());
}

std::string serialise(const Issuer& issuer) { return to_json(issuer).dump(); }

Result<TrustBundle> parse_trust_bundle(ByteView payload) {
  LK_TRY(const auto value, parse_json(as_text(payload), kLimits));
  TrustBundle out;
  JsonObject object(value);
  out.version = object.number("version", 1, kMaxVersion);
  out.issued = object.time("issued");
  object.objects("issuers", 0, kMaxIssuers,
                 [&](JsonObject& issuer) { read_issuer(issuer, out.issuers); });
  object.object("revoked", [&](JsonObject& revoked) { out.revoked = read_revocations(revoked); });
  if (object.has("roots"))
    object.object("roots", [&](JsonObject& roots) { out.roots = read_roots(roots); });
  LK_CHECK(object.finish());
  return out;
}

std::string serialise(const TrustBundle& bundle) {
  auto issuers = json::array();
  for (const auto& issuer : bundle.issuers) issuers.push_back(to_json(issuer));
  json out{{"version", bundle.version},
           {"issued", format_time(bundle.issued)},
           {"issuers", std::move(issuers)},
           {"revoked",
            {{"issuers", bundle.revoked.issuers},
             {"licenses", bundle.revoked.licenses},
             {"key_ids", bundle.revoked.key_ids}}}};
  if (bundle.roots) out["roots"] = to_json(*bundle.roots);
  return out.dump();
}

}  // namespace latchkey
