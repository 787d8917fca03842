#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

typedef struct ssl_ctx_st SSL_CTX;

namespace latchkey::load {

/// Where the server is.
struct Place {
  std::string unix_path;  ///< else TCP:
  std::string host = "127.0.0.1";
  int port = 0;
  bool tls = false;
  std::string authority;    ///< PEM; empty: whatever certificate the server shows
  std::string certificate;  ///< PEM of the client; empty: none
  std::string key;
};

/// The bytes of one connection. Every call: none when the connection is broken; 0 when it would
/// have to wait.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual int descriptor() const = 0;
  virtual std::optional<std::size_t> read(std::span<char> into) = 0;
  virtual std::optional<std::size_t> write(std::string_view bytes) = 0;
  virtual bool more() const { return false; }  ///< read already, where no epoll sees it
};

/// Connects to one place, again and again.
class Dialer {
 public:
  explicit Dialer(Place place);
  ~Dialer();

  /// Connected, TLS agreed; null when that failed, said on standard error. `blocking`: read() and
  /// write() wait.
  std::unique_ptr<Wire> dial(bool blocking);

 private:
  bool set_up_tls();

  Place place_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

}  // namespace latchkey::load
