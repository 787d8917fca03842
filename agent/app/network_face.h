#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "agent/app/access_desk.h"
#include "agent/config/config.h"
#include "agent/net/tls_context.h"
#include "agent/net/tls_server.h"

namespace latchkey {

/// The agent on the network (SPEC SRV-1): the TLS server and the certificate that it shows, the
/// deployment's own or the configured one. Reactor thread only.
class NetworkFace {
 public:
  /// References outlive it. `node`: its name.
  NetworkFace(boost::asio::io_context& io, const Clock& clock, AccessDesk& access,
              Config::Server config, std::string node);

  /// Nothing without server.listen (SPEC SEC-1). Errors: `cannot-listen`, `tls-certificate`,
  /// `server-name`, those of the files.
  Result<void> start(net::Router router);
  /// Renews the deployment's own certificate when its time has come, or this machine's addresses
  /// are others.
  void beat();
  /// A node that joined shows what its new deployment's clients know.
  void follow_deployment();
  /// SIGHUP: the configured certificate is read again; on error the old one stays.
  Result<void> reload(const Config::Server& wanted);
  void access_changed();
  /// Where it listens; empty: nowhere.
  const std::string& address() const { return address_; }
  void stop() { server_.reset(); }

 private:
  void renew();
  Result<net::TlsServer::Context> make_context();
  void tell_access();
  Result<net::TlsMaterial> material();

  boost::asio::io_context& io_;
  const Clock& clock_;
  AccessDesk& access_;
  Config::Server config_;
  const std::string node_;
  std::optional<net::TlsServer> server_;
  std::string address_;
  std::vector<std::string> names_;  ///< that the certificate was made for
  std::string pin_;                 ///< of the CA that it was made by
  Time renew_after_{};
};

}  // namespace latchkey
