#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/host_port.h"
#include "core/base/openssl.h"

namespace latchkey::test {

/// What a client comes with.
struct TlsCard {
  std::string certificate, key;  ///< PEM; empty: none
  std::string ca;                ///< PEM that the server is held against; empty: not at all
  int version = TLS1_3_VERSION;
  bool corked = false;  ///< as TlsClient::cork(), from the handshake on
};

/// A blocking client that says exactly the bytes it is told to. Each wait ends after 5 s.
class TlsClient {
 public:
  explicit TlsClient(const std::string& address, const TlsCard& card = {})
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto parts = split_address(address).value();
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(static_cast<std::uint16_t>(std::stoi(parts.port)));
    ::inet_pton(AF_INET, parts.host.c_str(), &target.sin_addr);
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0;
    if (card.corked) cork();
    if (connected_) shake_hands(card);
  }
  ~TlsClient() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  TlsClient(TlsClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        connected_(other.connected_),
        shaken_(other.shaken_),
        context_(std::move(other.context_)),
        ssl_(std::move(other.ssl_)) {}
  TlsClient& operator=(TlsClient&&) = delete;

  /// The client's side is done; TLS 1.3 servers may refuse its certificate after that.
  bool shaken() const { return shaken_; }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  /// Holds back what is sent, until all of it goes in one segment.
  void cork(bool on = true) {
    const int value = on ? 1 : 0;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
  }
  /// Up to the whole answer with a Content-Length, or what came until the end.
  std::string ask(std::string_view bytes) {
    if (!shaken_ || !send(bytes)) return {};
    return read_answer();
  }
  std::string read_answer() {
    std::string text;
    std::array<char, 4096> buffer{};
    while (!complete(text)) {
      const int size = SSL_read(ssl_.get(), buffer.data(), buffer.size());
      if (size <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ERR_clear_error();
    return text;
  }
  bool closed_by_server() {
    std::array<char, 4096> buffer{};
    int size = 1;
    while (size > 0) size = SSL_read(ssl_.get(), buffer.data(), buffer.size());
    const int why = SSL_get_error(ssl_.get(), size);
    ERR_clear_error();
    return why != SSL_ERROR_WANT_READ;  // patience ended
  }

 private:
  static bool complete(const std::string& text) {
    const auto end = text.find("\r\n\r\n");
    const auto field = text.find("Content-Length: ");
    return end != std::string::npos && field < end &&
           text.size() >= end + 4 + std::stoul(text.substr(field + 16));
  }
  static openssl::Bio reading(const std::string& pem) {
    return openssl::Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  }
  using Certificate = openssl::Handle<X509, X509_free>;

  void shake_hands(const TlsCard& card) {
    SSL_CTX_set_min_proto_version(context_.get(), card.version);
    SSL_CTX_set_max_proto_version(context_.get(), card.version);
    if (!card.certificate.empty()) {
      const Certificate own(
          PEM_read_bio_X509(reading(card.certificate).get(), nullptr, nullptr, nullptr));
      const openssl::KeyHandle key(
          PEM_read_bio_PrivateKey(reading(card.key).get(), nullptr, nullptr, nullptr));
      SSL_CTX_use_certificate(context_.get(), own.get());
      SSL_CTX_use_PrivateKey(context_.get(), key.get());
    }
    if (!card.ca.empty()) {
      const Certificate ca(PEM_read_bio_X509(reading(card.ca).get(), nullptr, nullptr, nullptr));
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), ca.get());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    shaken_ = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }

  int fd_;
  bool connected_ = false;
  bool shaken_ = false;
  openssl::Handle<SSL_CTX, SSL_CTX_free> context_{SSL_CTX_new(TLS_client_method())};
  openssl::Handle<SSL, SSL_free> ssl_;
};

}  // namespace latchkey::test
