#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "agent/net/doorman.h"
#include "agent/net/router.h"

namespace latchkey::net {

/// HTTP/1.1 on TCP without TLS, for browsers on this machine (`web.listen`): the same routes, and
/// the same doorman, as on 8201. Reactor thread only.
class PlainServer {
 public:
  static constexpr std::size_t kMaxConnections = 256;

  /// `doorman` outlives the server.
  PlainServer(boost::asio::io_context& io, Router router, Doorman& doorman);
  ~PlainServer();  ///< closes every connection
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;

  /// `listen`: "address:port" of the loopback, port 0: any. Where it listens. Errors:
  /// `not-loopback`, `cannot-listen`.
  Result<std::string> start(const std::string& listen);
  /// Somebody lost a right: event streams are looked through.
  void review();
  std::size_t connection_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey::net
