#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/api/access_backend.h"
#include "agent/app/acknowledger.h"
#include "agent/app/session_desk.h"
#include "agent/identity/authority.h"
#include "agent/identity/identity.h"
#include "core/access/access.h"

namespace latchkey {

/// Lets people and machines in over the network, and shows who may come (SPEC SEC-2, SRV-2). What
/// counts is what is durable, of both nodes. Reactor thread only.
class AccessDesk final : public AccessBackend {
 public:
  struct Parts {
    Reactor& reactor;
    const Clock& clock;
    NodeLog& log;
    const PeerLink& link;
    const Identity& identity;
    std::function<NodeNames()> names;
    FillRandom random;
  };
  /// References outlive the desk.
  explicit AccessDesk(Parts parts, Patience patience = {});

  /// Takes in what became durable, whoever did it, and the deployment's key when it is another one.
  /// True: somebody's rights changed.
  bool look();
  void peer_has(const ChainHeads& theirs) { acknowledger_.peer_has(theirs); }
  /// Null when it could not be made; the log says why.
  const Authority* authority() const { return authority_ ? &*authority_ : nullptr; }
  net::Doorman& doorman() { return sessions_; }  ///< who asks over TLS
  const Access& access() const { return access_; }

  struct Listening {
    std::string address;             ///< empty: nowhere (SPEC SEC-1)
    std::vector<std::string> names;  ///< of the certificate
    bool own_certificate = false;    ///< server.certificate
  };
  void listening(Listening listening) { listening_ = std::move(listening); }

  nlohmann::json server() const override;
  std::string ca_certificate() const override;
  nlohmann::json tokens() const override;
  nlohmann::json identities() const override;
  nlohmann::json accounts() const override;
  void create_token(const net::Caller& caller, TokenOrder order, JsonDone done) override;
  std::optional<net::Response> attempt(const net::Origin& from) override {
    return sessions_.attempt(from);
  }
  void enrol(const net::Origin& from, const std::string& token, const std::string& request,
             JsonDone done) override;
  void revoke(const net::Caller& caller, const std::string& identity, const std::string& reason,
              JsonDone done) override;
  void set_account(const net::Caller& caller, AccountOrder order, JsonDone done) override;
  void delete_account(const net::Caller& caller, const std::string& name, JsonDone done) override;
  void open_session(const net::Origin& from, const std::string& name, const std::string& password,
                    net::Done done) override {
    sessions_.open(from, name, password, std::move(done));
  }
  net::Response session(const net::Request& request) override { return sessions_.show(request); }
  net::Response close_session(const net::Request& request) override {
    return sessions_.close(request);
  }

 private:
  /// What the answer says beside the nodes, once the change is durable.
  using Answer = std::function<Result<nlohmann::json>()>;

  void fold();
  void renew_authority();
  void change(AccessFact fact, Answer answer, JsonDone done);
  Result<const Access::Token*> usable(const std::string& token) const;
  Result<void> check_enrolment(const std::string& token, const std::string& pin) const;

  Parts parts_;
  Access access_;
  std::uint64_t seen_ = 0;  ///< position of the newest fact that was looked at
  std::optional<Authority> authority_;
  std::string authority_of_;         ///< the deployment that it was made for
  std::set<std::string> under_way_;  ///< tokens and keys of enrolments that are not durable yet
  Listening listening_;
  Acknowledger acknowledger_;
  SessionDesk sessions_;
  WorkThread work_;
};

}  // namespace latchkey
