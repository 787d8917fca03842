#include "core/access/access_fact.h"

namespace latchkey {
namespace {

struct KindOf {
  std::string_view operator()(const TokenCreated&) const { return "token-created"; }
  std::string_view operator()(const IdentityEnrolled&) const { return "identity-enrolled"; }
  std::string_view operator()(const IdentityRevoked&) const { return "identity-revoked"; }
  std::string_view operator()(const AccountSet&) const { return "account-set"; }
  std::string_view operator()(const AccountDeleted&) const { return "account-deleted"; }
};

struct Describer {
  std::string operator()(const TokenCreated& fact) const {
    return "token " + fact.id + " for " + std::string(to_string(fact.role)) + " " + fact.name +
           " made by " + fact.by + ", valid until " + format_time(fact.expires);
  }
  std::string operator()(const IdentityEnrolled& fact) const {
    return std::string(to_string(fact.role)) + " " + fact.name + " enrolled as identity " +
           fact.id + " with token " + fact.token;
  }
  std::string operator()(const IdentityRevoked& fact) const {
    return "identity " + fact.id + " revoked by " + fact.by +
           (fact.reason.empty() ? "" : ": " + fact.reason);
  }
  std::string operator()(const AccountSet& fact) const {
    return "account " + fact.name + " set to " + std::string(to_string(fact.role)) + " by " +
           fact.by;
  }
  std::string operator()(const AccountDeleted& fact) const {
    return "account " + fact.name + " deleted by " + fact.by;
  }
};

struct DoneBy {
  std::string_view operator()(const IdentityEnrolled&) const { return {}; }
  template <class Other>
  std::string_view operator()(const Other& fact) const {
    return fact.by;
  }
};

}  // namespace

std::string_view kind(const AccessFact& fact) { return std::visit(KindOf{}, fact); }
std::string describe(const AccessFact& fact) { return std::visit(Describer{}, fact); }
std::string_view done_by(const AccessFact& fact) { return std::visit(DoneBy{}, fact); }

}  // namespace latchkey
