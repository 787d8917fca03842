#include "core/access/access.h"

namespace latchkey {
namespace {

template <class Map>
auto find(const Map& map, const std::string& key) -> const typename Map::mapped_type* {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

void Access::apply(Time at, const AccessFact& fact) {
  std::visit([&](const auto& one) { on(at, one); }, fact);
}

void Access::on(Time, const TokenCreated& fact) { tokens_.emplace(fact.id, Token{fact, {}}); }

/// Once per token: of two nodes that took it at the same time, the order of the facts decides.
void Access::on(Time at, const IdentityEnrolled& fact) {
  const auto token = tokens_.find(fact.token);
  const bool counts = token != tokens_.end() && token->second.used_by.empty() &&
                      token->second.made.role == fact.role && pins_.count(fact.pin) == 0;
  if (counts) token->second.used_by = fact.id;
  auto& identity = identities_.emplace(fact.id, Identity{fact, at, !counts, {}}).first->second;
  if (const auto early = early_.find(fact.id); early != early_.end())
    identity.revoked = early->second;
  pins_.emplace(fact.pin, fact.id);
}

void Access::on(Time, const IdentityRevoked& fact) {
  const auto found = identities_.find(fact.id);
  if (found == identities_.end())
    early_.emplace(fact.id, fact);
  else if (!found->second.revoked)
    found->second.revoked = fact;
}

void Access::on(Time, const AccountSet& fact) { accounts_.insert_or_assign(fact.name, fact); }
void Access::on(Time, const AccountDeleted& fact) { accounts_.erase(fact.name); }

const Access::Token* Access::token(const std::string& id) const { return find(tokens_, id); }
const Access::Identity* Access::identity(const std::string& id) const {
  return find(identities_, id);
}
const Access::Identity* Access::by_pin(const std::string& pin) const {
  const auto* id = find(pins_, pin);
  return id == nullptr ? nullptr : identity(*id);
}
const AccountSet* Access::account(const std::string& name) const { return find(accounts_, name); }

}  // namespace latchkey
