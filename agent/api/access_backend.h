#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/net/http.h"
#include "core/access/rights.h"
#include "core/base/result.h"

namespace latchkey {

struct TokenOrder {
  Role role = Role::none;
  std::string name;
  std::chrono::seconds life{86'400};
};
struct AccountOrder {
  std::string name;
  Role role = Role::none;
  std::string password;
};

/// Who may come over the network (SPEC SEC-2, SRV-2), as the routes need it. Each change answers
/// when it is durable, and says which nodes have it. Reactor thread only.
class AccessBackend {
 public:
  using JsonDone = std::function<void(Result<nlohmann::json>)>;

  virtual ~AccessBackend() = default;
  virtual nlohmann::json server() const = 0;       ///< where it listens, its CA and pin
  virtual std::string ca_certificate() const = 0;  ///< PEM
  virtual nlohmann::json tokens() const = 0;
  virtual nlohmann::json identities() const = 0;
  virtual nlohmann::json accounts() const = 0;
  virtual void create_token(const net::Caller& caller, TokenOrder order, JsonDone done) = 0;
  /// Takes one of an address's attempts at tokens and passwords; 429 when none is left. Those that
  /// succeed are given back.
  virtual std::optional<net::Response> attempt(const net::Origin& from) = 0;
  /// `request`: a certificate request in PEM. A token is good for one.
  virtual void enrol(const net::Origin& from, const std::string& token, const std::string& request,
                     JsonDone done) = 0;
  virtual void revoke(const net::Caller& caller, const std::string& identity,
                      const std::string& reason, JsonDone done) = 0;
  virtual void set_account(const net::Caller& caller, AccountOrder order, JsonDone done) = 0;
  virtual void delete_account(const net::Caller& caller, const std::string& name,
                              JsonDone done) = 0;
  /// With the cookie in its header; 401, or 429 after too many attempts.
  virtual void open_session(const net::Origin& from, const std::string& name,
                            const std::string& password, net::Done done) = 0;
  virtual net::Response session(const net::Request& request) = 0;  ///< who is logged in
  virtual net::Response close_session(const net::Request& request) = 0;
};

}  // namespace latchkey
