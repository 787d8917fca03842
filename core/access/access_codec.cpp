#include "core/access/access_codec.h"

#include <array>
#include <nlohmann/json.hpp>

#include "core/base/fact_row.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kIdBytes = 8, kHashBytes = 32;
constexpr std::size_t kMaxName = 64, kMaxText = 256;

struct Writer {
  Json& out;
  void operator()(const TokenCreated& fact) const {
    out["id"] = fact.id;
    out[kVerifierMember] = fact.verifier;
    out["role"] = to_string(fact.role);
    out["name"] = fact.name;
    out["expires"] = format_time(fact.expires);
    out["by"] = fact.by;
  }
  void operator()(const IdentityEnrolled& fact) const {
    out["id"] = fact.id;
    out["role"] = to_string(fact.role);
    out["name"] = fact.name;
    out["pin"] = fact.pin;
    out["token"] = fact.token;
  }
  void operator()(const IdentityRevoked& fact) const {
    out["id"] = fact.id;
    out["by"] = fact.by;
    if (!fact.reason.empty()) out["reason"] = fact.reason;
  }
  void operator()(const AccountSet& fact) const {
    out["name"] = fact.name;
    out["role"] = to_string(fact.role);
    out[kVerifierMember] = fact.verifier;
    out["by"] = fact.by;
  }
  void operator()(const AccountDeleted& fact) const {
    out["name"] = fact.name;
    out["by"] = fact.by;
  }
};

Role role_in(JsonObject& in) {
  Role role = Role::none;
  in.choice("role", [&](std::string_view name) {
    const auto known = parse_role(name);
    role = known.value_or(Role::none);
    return known.has_value();
  });
  return role;
}

AccessFact token_created(JsonObject& in) {
  return TokenCreated{in.hex("id", kIdBytes),
                      in.hex(kVerifierMember, kHashBytes),
                      role_in(in),
                      in.name("name", kMaxName),
                      in.time("expires"),
                      in.text("by", kMaxText)};
}
AccessFact identity_enrolled(JsonObject& in) {
  return IdentityEnrolled{in.hex("id", kIdBytes), role_in(in), in.name("name", kMaxName),
                          in.hex("pin", kHashBytes), in.hex("token", kIdBytes)};
}
AccessFact identity_revoked(JsonObject& in) {
  return IdentityRevoked{in.hex("id", kIdBytes), in.text("by", kMaxText),
                         in.has("reason") ? in.text("reason", kMaxText) : std::string()};
}
AccessFact account_set(JsonObject& in) {
  return AccountSet{in.name("name", kMaxName), role_in(in), in.text(kVerifierMember, kMaxText),
                    in.text("by", kMaxText)};
}
AccessFact account_deleted(JsonObject& in) {
  return AccountDeleted{in.name("name", kMaxName), in.text("by", kMaxText)};
}

using Row = FactRow<AccessFact>;
constexpr std::array kRows{
    Row{"token-created", token_created}, Row{"identity-enrolled", identity_enrolled},
    Row{"identity-revoked", identity_revoked}, Row{"account-set", account_set},
    Row{"account-deleted", account_deleted}};

}  // namespace

void write_access_fact(const AccessFact& fact, Json& out) { std::visit(Writer{out}, fact); }

std::optional<Result<AccessFact>> read_access_fact(std::string_view kind, const Json& in) {
  return read_fact_with(kRows, kind, in);
}

}  // namespace latchkey
