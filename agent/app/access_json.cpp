#include <nlohmann/json.hpp>

#include "agent/app/access_desk.h"
#include "latchkey_version.h"

// What the desk shows.
namespace latchkey {
namespace {

using Json = nlohmann::json;

std::string_view state_of(const Access::Token& token, Time now) {
  if (!token.used_by.empty()) return "used";
  return now >= token.made.expires ? "expired" : "open";
}

std::string_view state_of(const Access::Identity& identity) {
  if (identity.overtaken) return "overtaken";
  return identity.revoked ? "revoked" : "good";
}

}  // namespace

Json AccessDesk::server() const {
  return {{"listening", listening_.address.empty() ? Json() : Json(listening_.address)},
          {"version", kVersion},
          {"names", listening_.names},
          {"own_certificate", listening_.own_certificate},
          {"pin", authority_ ? Json(authority_->pin()) : Json()}};
}

std::string AccessDesk::ca_certificate() const {
  return authority_ ? authority_->certificate_pem() : std::string();
}

Json AccessDesk::tokens() const {
  auto tokens = Json::array();
  const auto now = parts_.clock.now();
  for (const auto& [id, token] : access_.tokens())
    tokens.push_back({{"id", id},
                      {"role", to_string(token.made.role)},
                      {"name", token.made.name},
                      {"expires", format_time(token.made.expires)},
                      {"by", token.made.by},
                      {"state", state_of(token, now)},
                      {"identity", token.used_by.empty() ? Json() : Json(token.used_by)}});
  return {{"tokens", std::move(tokens)}};
}

Json AccessDesk::identities() const {
  auto identities = Json::array();
  for (const auto& [id, identity] : access_.identities())
    identities.push_back({{"id", id},
                          {"role", to_string(identity.enrolled.role)},
                          {"name", identity.enrolled.name},
                          {"enrolled", format_time(identity.at)},
                          {"state", state_of(identity)},
                          {"revoked_by", identity.revoked ? Json(identity.revoked->by) : Json()},
                          {"reason", identity.revoked ? Json(identity.revoked->reason) : Json()}});
  return {{"identities", std::move(identities)}};
}

Json AccessDesk::accounts() const {
  auto accounts = Json::array();
  for (const auto& [name, account] : access_.accounts())
    accounts.push_back({{"name", name}, {"role", to_string(account.role)}, {"by", account.by}});
  return {{"accounts", std::move(accounts)}};
}

}  // namespace latchkey
