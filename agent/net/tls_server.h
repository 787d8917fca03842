#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "agent/net/doorman.h"
#include "agent/net/router.h"

struct ssl_ctx_st;

namespace latchkey::net {

/// Limits of one server. A stranger is who shows no certificate that the doorman knows.
struct TlsServerConfig {
  std::string listen;                      ///< "address:port"; port 0: any
  std::size_t max_connections = 12'000;    ///< of whom the doorman knows
  std::size_t max_strangers = 512;         ///< at once, beside those
  std::size_t strangers_per_address = 64;  ///< so that one address does not take them all
  std::size_t max_handshakes = 256;        ///< under way; one more pushes one out (crowd.h)
  std::chrono::milliseconds handshake{5'000};
  std::size_t max_header = 8 * 1024 - 1;  ///< bytes; at most that
  std::size_t max_body = 1024 * 1024;     ///< bytes
  std::chrono::milliseconds idle{3'600'000};
  std::chrono::milliseconds stranger_idle{15'000};
  std::chrono::milliseconds request{15'000};
};

/// HTTP/1.1 over TLS 1.3 on TCP (SPEC SRV-1), with the same routes as the Unix socket. A turn of
/// the reactor takes in one connection and advances one handshake, so that a crowd at the door
/// holds up nobody who is inside. Reactor thread only.
class TlsServer {
 public:
  using Context = std::shared_ptr<ssl_ctx_st>;

  /// `doorman` outlives the server.
  TlsServer(boost::asio::io_context& io, TlsServerConfig config, Router router, Doorman& doorman);
  ~TlsServer();  ///< closes every connection
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  /// The address that it listens at. Errors: as of listen_on().
  Result<std::string> start(Context context);
  /// For connections from now on: a certificate was renewed.
  void use(Context context);
  /// Somebody lost a right: event streams are looked through.
  void review();
  std::size_t connection_count() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace latchkey::net
