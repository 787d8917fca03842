#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "agent/net/socket_stream.h"
#include "core/base/openssl.h"

namespace latchkey::net {

/// TLS on a TCP socket, driven by readiness: OpenSSL reads and writes the descriptor itself, and
/// its buffers are given back while nothing comes. For this room's .cpp files only.
class TlsStream final : public SocketStream<boost::asio::ip::tcp::socket> {
 public:
  /// `socket` non-blocking.
  TlsStream(boost::asio::ip::tcp::socket socket, SSL_CTX* context);

  /// Call until it says `some`; as read_some() otherwise.
  Io handshake();
  /// After the handshake: of the client's certificate; empty when it showed none.
  std::string pin() const;

  Io read_some(std::span<char> into) override;
  Io write_some(std::string_view head, std::string_view body) override;
  void close() override;

 private:
  Io outcome(int result);

  openssl::Handle<SSL, SSL_free> ssl_;
};

}  // namespace latchkey::net
