#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "agent/net/router.h"

namespace latchkey::net {

struct UnixServerConfig {
  std::string path = "/run/latchkey/agent.sock";
  unsigned mode = 0660;                   ///< owner and viewer_group may connect
  std::string viewer_group = "latchkey";  ///< also the group of the socket file
  std::string admin_group = "latchkey-admin";
  std::string consumer_group = "latchkey-consumer";  ///< may connect as well
  std::size_t max_connections = 256;        ///< the last 8 of them are kept for administrators
  std::size_t max_header = 8 * 1024 - 1;    ///< bytes; at most that
  std::size_t max_body = 1024 * 1024;       ///< bytes
  std::size_t stream_backlog = 256 * 1024;  ///< bytes an event-stream client may lag behind
  std::chrono::milliseconds idle{60'000};   ///< between two requests
  std::chrono::milliseconds request{
      15'000};  ///< for a request to arrive, and for an answer to be taken
};

/// HTTP/1.1 on a Unix socket (DESIGN 6), with the role from the peer's credentials (SPEC SEC-2).
/// Everything runs on the io_context's one thread. Without open connections it has no timer: an
/// idle agent does not wake up.
class UnixServer {
 public:
  UnixServer(boost::asio::io_context& io, UnixServerConfig config, Router router);
  ~UnixServer();  ///< closes every connection and removes the socket file
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  /// Starts to listen. Errors: see SocketFile::listen. Blocks on the name service: call before the
  /// reactor runs.
  Result<void> start();
  /// What start() could not do but can live without, for the log; codes `unknown-group`,
  /// `socket-group`.
  const std::vector<Error>& notes() const;
  std::size_t connection_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey::net
