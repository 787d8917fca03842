#include "load/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace latchkey::load {
namespace {

class PlainWire final : public Wire {
 public:
  explicit PlainWire(int fd) : fd_(fd) {}
  ~PlainWire() override { ::close(fd_); }
  int descriptor() const override { return fd_; }

  std::optional<std::size_t> read(std::span<char> into) override {
    const auto size = ::recv(fd_, into.data(), into.size(), 0);
    return size == 0 ? std::nullopt : moved(size);
  }
  std::optional<std::size_t> write(std::string_view bytes) override {
    return moved(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

 private:
  static std::optional<std::size_t> moved(ssize_t size) {
    if (size >= 0) return static_cast<std::size_t>(size);
    return errno == EAGAIN || errno == EINTR ? std::optional<std::size_t>(0) : std::nullopt;
  }

  int fd_;
};

class TlsWire final : public Wire {
 public:
  TlsWire(SSL_CTX* context, int fd) : fd_(fd), ssl_(SSL_new(context), SSL_free) {
    SSL_set_fd(ssl_.get(), fd);
  }
  ~TlsWire() override { ::close(fd_); }
  bool agree() { return SSL_connect(ssl_.get()) == 1; }
  int descriptor() const override { return fd_; }
  bool more() const override { return SSL_pending(ssl_.get()) > 0; }

  std::optional<std::size_t> read(std::span<char> into) override {
    return moved(SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size())));
  }
  std::optional<std::size_t> write(std::string_view bytes) override {
    return moved(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())));
  }

 private:
  std::optional<std::size_t> moved(int size) {
    if (size > 0) return static_cast<std::size_t>(size);
    const int why = SSL_get_error(ssl_.get(), size);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return 0;
    return std::nullopt;
  }

  int fd_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

int connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

int connect_tcp(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return -1;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

bool use_identity(SSL_CTX* context, const Place& place) {
  return SSL_CTX_use_certificate_chain_file(context, place.certificate.c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(context, place.key.c_str(), SSL_FILETYPE_PEM) == 1;
}

}  // namespace

Dialer::Dialer(Place place) : place_(std::move(place)), context_(nullptr, SSL_CTX_free) {}
Dialer::~Dialer() = default;

bool Dialer::set_up_tls() {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context_.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!place_.authority.empty()) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_file(context_.get(), place_.authority.c_str()) != 1) return false;
  }
  return place_.certificate.empty() || use_identity(context_.get(), place_);
}

std::unique_ptr<Wire> Dialer::dial(bool blocking) {
  if (place_.tls && !context_ && !set_up_tls()) {
    ERR_print_errors_fp(stderr);
    return nullptr;
  }
  const int fd = place_.unix_path.empty() ? connect_tcp(place_.host, place_.port)
                                          : connect_unix(place_.unix_path);
  if (fd < 0) {
    std::perror("load_generator: connect");
    return nullptr;
  }
  std::unique_ptr<Wire> wire;
  if (!place_.tls) {
    wire = std::make_unique<PlainWire>(fd);
  } else {
    auto secured = std::make_unique<TlsWire>(context_.get(), fd);
    if (!secured->agree()) {
      std::fprintf(stderr, "load_generator: the server broke off a handshake\n");
      ERR_print_errors_fp(stderr);
      return nullptr;
    }
    wire = std::move(secured);
  }
  if (!blocking) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return wire;
}

}  // namespace latchkey::load
