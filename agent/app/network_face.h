#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "agent/app/access_desk.h"
#include "agent/config/config.h"
#include "agent/net/plain_server.h"
#include "agent/net/tls_context.h"
#include "agent/net/tls_server.h"

namespace latchkey {

/// The agent on the network (SPEC SRV-1): the TLS server and the certificate that it shows, the
/// deployment's own or the configured one; and the page's own server on the loopback. Reactor
/// thread only.
class NetworkFace {
 public:
  /// References outlive it. `page`: web.listen. `node`: its name.
  NetworkFace(boost::asio::io_context& io, const Clock& clock, AccessDesk& access,
              Config::Server config, std::string page, std::string node);

  /// Nothing without server.listen and web.listen (SPEC SEC-1). Errors: `cannot-listen`,
  /// `not-loopback`, `tls-certificate`, `server-name`, those of the files.
  Result<void> start(net::Router router);
  /// Renews the deployment's own certificate when its time has come, or this machine's addresses
  /// are others.
  void beat();
  /// A node that joined shows what its new deployment's clients know.
  void follow_deployment();
  /// SIGHUP: the configured certificate is read again; on error the old one stays.
  Result<void> reload(const Config::Server& wanted);
  /// Whose account, identity or session is no more sees no more.
  void review();
  /// Where it listens; empty: nowhere.
  const std::string& address() const { return address_; }
  void stop();

 private:
  Result<void> start_server(net::Router router);
  Result<void> start_page(net::Router router);
  void renew();
  Result<net::TlsServer::Context> make_context();
  void tell_access();
  Result<net::TlsMaterial> material();

  boost::asio::io_context& io_;
  const Clock& clock_;
  AccessDesk& access_;
  Config::Server config_;
  const std::string page_listen_, node_;
  std::optional<net::TlsServer> server_;
  std::optional<net::PlainServer> page_;
  std::string address_;
  std::vector<std::string> names_;  ///< that the certificate was made for
  std::string pin_;                 ///< of the CA that it was made by
  Time renew_after_{};
};

}  // namespace latchkey
