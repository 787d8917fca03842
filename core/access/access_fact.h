#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/access/rights.h"
#include "core/base/time.h"

namespace latchkey {

// What the deployment knows of those who come over the network: facts, so that both nodes know them
// (SPEC SEC-2, SRV-2). Verifiers cannot be turned back into what they verify.

/// An administrator invited somebody: whoever shows the token's secret gets this role, once.
struct TokenCreated {
  std::string id;        ///< 16 hex digits
  std::string verifier;  ///< lower-case hex SHA-256 of the secret
  Role role = Role::none;
  std::string name;  ///< what the identity will be called
  Time expires;
  std::string by;
  bool operator==(const TokenCreated&) const = default;
};
/// A token was used: a client certificate over this key says who comes.
struct IdentityEnrolled {
  std::string id;  ///< 16 hex digits
  Role role = Role::none;
  std::string name;
  std::string pin;    ///< lower-case hex SHA-256 of the key's SubjectPublicKeyInfo
  std::string token;  ///< TokenCreated::id
  bool operator==(const IdentityEnrolled&) const = default;
};
/// For good: who is to come again gets a new token and makes a new key.
struct IdentityRevoked {
  std::string id;
  std::string by;
  std::string reason;
  bool operator==(const IdentityRevoked&) const = default;
};
/// A person who comes with a password; replaces what the account was before.
struct AccountSet {
  std::string name;
  Role role = Role::none;
  std::string verifier;  ///< of the password, see core/access/password.h
  std::string by;
  bool operator==(const AccountSet&) const = default;
};
struct AccountDeleted {
  std::string name;
  std::string by;
  bool operator==(const AccountDeleted&) const = default;
};

using AccessFact =
    std::variant<TokenCreated, IdentityEnrolled, IdentityRevoked, AccountSet, AccountDeleted>;

/// `token-created`, `identity-enrolled`, …
std::string_view kind(const AccessFact& fact);
/// For a record: what happened, in one sentence without a full stop.
std::string describe(const AccessFact& fact);
/// Who did it; empty for an enrolment, which the token's holder does.
std::string_view done_by(const AccessFact& fact);

}  // namespace latchkey
