#pragma once

#include "agent/app/rate_limit.h"
#include "agent/app/sessions.h"
#include "agent/net/doorman.h"
#include "agent/reactor/work_thread.h"
#include "core/access/access.h"

namespace latchkey {

/// Says who comes over the network (SPEC SEC-2): by the client's certificate, which an identity
/// goes with, or by the session of an account. Looked up for each request: what was revoked is
/// nobody from the next one on. Reactor thread only.
class SessionDesk final : public net::Doorman {
 public:
  /// References outlive the desk.
  SessionDesk(Reactor& reactor, const Access& access, FillRandom random);

  net::Caller caller_of(const net::Request& request) override;
  std::optional<net::Response> objection(const net::Request& request) override;

  /// As AccessBackend.
  std::optional<net::Response> attempt(const net::Origin& from);
  void attempt_succeeded(const net::Origin& from) { by_address_.give_back(from.address); }
  /// As AccessBackend. The password is judged on a work thread.
  void open(const net::Origin& from, const std::string& name, const std::string& password,
            net::Done done);
  net::Response show(const net::Request& request);
  net::Response close(const net::Request& request);
  void forget(const std::string& account) { sessions_.close_all(account); }

 private:
  struct Attempt;

  void judged(const Attempt& attempt, bool fits, const net::Done& done);
  net::Response opened(const AccountSet& account, Sessions::Wire wire);

  const Access& access_;
  FillRandom random_;
  Sessions sessions_;
  RateLimit by_address_, by_account_;
  std::size_t waiting_ = 0;  ///< passwords that are being judged
  WorkThread work_;
};

}  // namespace latchkey
