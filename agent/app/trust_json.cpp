#include "agent/app/trust_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace latchkey {
namespace {

using Json = nlohmann::json;

std::string_view status_of(const Issuer& issuer, const Revocations& revoked, Time now) {
  if (std::ranges::find(revoked.issuers, issuer.key.fingerprint()) != revoked.issuers.end())
    return "revoked";
  if (now < issuer.validity.not_before) return "not-yet-valid";
  return now < issuer.validity.not_after ? "valid" : "ended";
}

Json key_json(const PublicKey& key) {
  return {{"fingerprint", key.fingerprint()}, {"algorithm", to_string(key.algorithm())}};
}

Json issuer_json(const Issuer& issuer, const Revocations& revoked, Time now) {
  auto out = key_json(issuer.key);
  out["name"] = issuer.name;
  out["scopes"] = issuer.scopes;
  out["not_before"] = format_time(issuer.validity.not_before);
  out["not_after"] = format_time(issuer.validity.not_after);
  out["status"] = status_of(issuer, revoked, now);
  return out;
}

}  // namespace

Json trust_json(const TrustStore& trust, Time now) {
  const auto& bundle = trust.bundle();
  Json roots = Json::array(), issuers = Json::array();
  for (const auto& key : trust.roots().keys) roots.push_back(key_json(key));
  for (const auto& issuer : bundle.issuers)
    issuers.push_back(issuer_json(issuer, bundle.revoked, now));
  return {{"version", trust.version()},
          {"issued", trust.version() == 0 ? Json(nullptr) : Json(format_time(bundle.issued))},
          {"roots", std::move(roots)},
          {"threshold", trust.roots().threshold},
          {"issuers", std::move(issuers)},
          {"revoked",
           {{"issuers", bundle.revoked.issuers},
            {"licenses", bundle.revoked.licenses},
            {"key_ids", bundle.revoked.key_ids}}}};
}

}  // namespace latchkey
