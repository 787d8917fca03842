#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/access/access_fact.h"

namespace latchkey {

/// Who may come over the network: a fold over the access facts of all nodes, in canonical order
/// (core/deployment/fact.h), so the same on both nodes (SPEC SEC-2).
class Access {
 public:
  struct Token {
    TokenCreated made;
    std::string used_by;  ///< identity; empty: not used
  };
  struct Identity {
    IdentityEnrolled enrolled;
    Time at;
    /// Another identity had used the token first, on the other node: this one never counted.
    bool overtaken = false;
    std::optional<IdentityRevoked> revoked;
    bool good() const { return !overtaken && !revoked; }
  };

  void apply(Time at, const AccessFact& fact);

  const Token* token(const std::string& id) const;
  const Identity* identity(const std::string& id) const;
  const Identity* by_pin(const std::string& pin) const;
  const AccountSet* account(const std::string& name) const;
  const std::map<std::string, Token>& tokens() const { return tokens_; }             ///< by id
  const std::map<std::string, Identity>& identities() const { return identities_; }  ///< by id
  const std::map<std::string, AccountSet>& accounts() const { return accounts_; }    ///< by name

 private:
  void on(Time at, const TokenCreated& fact);
  void on(Time at, const IdentityEnrolled& fact);
  void on(Time at, const IdentityRevoked& fact);
  void on(Time at, const AccountSet& fact);
  void on(Time at, const AccountDeleted& fact);

  std::map<std::string, Token> tokens_;
  std::map<std::string, Identity> identities_;
  std::map<std::string, std::string> pins_;  ///< to identity id
  /// Revocations that come before what they revoke: at one instant the chains' names decide.
  std::map<std::string, IdentityRevoked> early_;
  std::map<std::string, AccountSet> accounts_;
};

}  // namespace latchkey
