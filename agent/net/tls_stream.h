#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "agent/net/socket_stream.h"
#include "core/base/openssl.h"

namespace latchkey::net {

/// TLS on a TCP socket, driven by readiness: OpenSSL reads and writes the plain stream below it
/// through a BIO, and its buffers are given back while nothing comes. It reads ahead, a record's
/// head and body with one system call. For this room's .cpp files only.
class TlsStream final : public Stream {
 public:
  using Wire = PlainStream<boost::asio::ip::tcp::socket, 512>;

  /// `socket` non-blocking.
  TlsStream(boost::asio::ip::tcp::socket socket, SSL_CTX* context);

  /// Call until it says `some`; as read_some() otherwise.
  Io handshake();
  /// The client has said what it can do, and work was done for it.
  bool greeted() const { return ssl_ && SSL_get_pending_cipher(ssl_.get()) != nullptr; }
  /// After the handshake: of the client's certificate; empty when it showed none.
  std::string pin() const;

  Io read_some(std::span<char> into) override;
  Io write_some(std::string_view head, std::string_view body) override;
  void wait(Ready what, std::shared_ptr<StreamUser> user) override;
  void close() override;

 private:
  Io outcome(int result);
  Io read_outcome(int result);

  Wire wire_;
  openssl::Handle<SSL, SSL_free> ssl_;
  bool ahead_ =
      false;  ///< more has been read than was asked for: the descriptor says nothing of it
};

}  // namespace latchkey::net
