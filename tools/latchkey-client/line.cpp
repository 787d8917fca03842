#include "tools/latchkey-client/line.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/base/openssl.h"
#include "tools/latchkey-client/quiet_pipe.h"

namespace latchkey::client {
namespace {

constexpr const char* kNotInTime = "it does not answer in time";

std::string message_of(int error) { return std::generic_category().message(error); }

bool is_ip(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

std::string pem_of(X509* certificate) {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

void Line::SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Line::Line(Address address, TlsContext tls) : address_(std::move(address)), tls_(std::move(tls)) {}
Line::~Line() { close(); }

void Line::close() {
  ssl_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Error Line::unreachable(std::string_view why) const {
  return {"server-unreachable",
          "No license server answers at " + address_.text + ": " + std::string(why) + ".",
          address_.tls
              ? "Check the address, the network, and that its agent runs with server.listen."
              : "Start it: systemctl start latchkey-agent."};
}

// --- opening

Result<void> Line::open(const Patience& patience) {
  if (fd_ >= 0) return {};
  auto opened = address_.tls ? connect_tcp(patience) : connect_unix(patience);
  if (opened && address_.tls) opened = shake_hands(patience);
  if (!opened) close();
  return opened;
}

/// errno tells why not.
bool Line::connect_to(int family, const void* target, unsigned size, const Patience& patience) {
  fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return false;
  int error = 0;
  if (::connect(fd_, static_cast<const sockaddr*>(target), size) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      socklen_t length = sizeof error;
      if (!wait_for(fd_, POLLOUT, patience))
        error = ETIMEDOUT;
      else if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    }
  }
  if (error != 0) close();
  errno = error;
  return error == 0;
}

Result<void> Line::connect_tcp(const Patience& patience) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(address_.host.c_str(), address_.port.c_str(), &hints, &found);
  if (failed != 0) return tl::make_unexpected(unreachable(::gai_strerror(failed)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::size_t left = 0;
  for (const auto* one = found; one != nullptr; one = one->ai_next) ++left;
  int error = 0;
  for (const auto* one = found; one != nullptr; one = one->ai_next, --left) {
    // A share each: the first of several must not use up the time of the others.
    const auto now = boot_now();
    const Patience share{now + (patience.until - now) / static_cast<Instant::rep>(left),
                         patience.cancel};
    if (connect_to(one->ai_family, one->ai_addr, one->ai_addrlen, share)) {
      const int on = 1;
      ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {};
    }
    error = errno;
  }
  return tl::make_unexpected(unreachable(message_of(error)));
}

Result<void> Line::connect_unix(const Patience& patience) {
  sockaddr_un target{};
  target.sun_family = AF_UNIX;
  // parse_address() holds it to what fits.
  std::memcpy(static_cast<char*>(target.sun_path), address_.path.c_str(), address_.path.size() + 1);
  if (connect_to(AF_UNIX, &target, sizeof target, patience)) return {};
  if (errno == EACCES)
    return fail("not-permitted", "This user may not use the agent's socket " + address_.path + ".",
                "Add it to the group latchkey-consumer: usermod -aG latchkey-consumer USER.");
  return tl::make_unexpected(unreachable(message_of(errno)));
}

Result<void> Line::shake_hands(const Patience& patience) {
  ssl_.reset(tls_ ? SSL_new(tls_.get()) : nullptr);
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1)
    return fail("crypto-failed", "No TLS connection can be made.", "Enrol: `latchkey connect`.");
  auto* wanted = SSL_get0_param(ssl_.get());
  if (is_ip(address_.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, address_.host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(wanted, address_.host.c_str(), 0);
    SSL_set_tlsext_host_name(ssl_.get(), address_.host.c_str());
  }
  std::size_t ignored = 0;
  const auto outcome = move(
      POLLIN, [&] { return SSL_connect(ssl_.get()); }, ignored, patience);
  const auto verdict = SSL_get_verify_result(ssl_.get());
  if (outcome == Outcome::done) return {};
  if (SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE && verdict != X509_V_OK)
    return fail("server-untrusted",
                "The server at " + address_.text + " is not the one that was enrolled with: " +
                    X509_verify_cert_error_string(verdict) + ".",
                "Check the address. If the deployment was founded anew, enrol again.");
  return tl::make_unexpected(unreachable("there is no TLS 1.3 connection to be had"));
}

Result<std::vector<std::string>> Line::certificates(const Patience& patience) {
  const QuietPipe quiet;
  LK_CHECK(open(patience));
  std::vector<std::string> pems;
  auto* chain = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = 0; i < sk_X509_num(chain); ++i) pems.push_back(pem_of(sk_X509_value(chain, i)));
  close();
  return pems;
}

// --- speaking

template <class Step>
Line::Outcome Line::move(short events, Step step, std::size_t& moved, const Patience& patience) {
  for (;;) {
    ERR_clear_error();
    const auto size = step();
    if (size > 0) {
      moved = static_cast<std::size_t>(size);
      return Outcome::done;
    }
    if (ssl_) {
      const int why = SSL_get_error(ssl_.get(), static_cast<int>(size));
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return Outcome::ended;
      events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
      return Outcome::ended;
    }
    if (!wait_for(fd_, events, patience)) return Outcome::failed;
  }
}

Line::Outcome Line::send(std::string_view request, const Patience& patience) {
  while (!request.empty()) {
    std::size_t sent = 0;
    const auto outcome = move(
        POLLOUT,
        [&]() -> ssize_t {
          return ssl_ ? SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()))
                      : ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
        },
        sent, patience);
    if (outcome != Outcome::done) return outcome;
    request.remove_prefix(sent);
  }
  return Outcome::done;
}

Result<HttpAnswer> Line::receive(const Patience& patience, bool& untouched) {
  ResponseReader reader;
  std::array<char, 4096> bytes{};
  for (auto state = ResponseReader::State::more; state != ResponseReader::State::complete;) {
    std::size_t size = 0;
    const auto outcome = move(
        POLLIN,
        [&]() -> ssize_t {
          return ssl_ ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                      : ::recv(fd_, bytes.data(), bytes.size(), 0);
        },
        size, patience);
    untouched = reader.untouched() && outcome == Outcome::ended;
    if (outcome == Outcome::ended)
      return tl::make_unexpected(unreachable("it closed the connection"));
    if (outcome == Outcome::failed) return tl::make_unexpected(unreachable(kNotInTime));
    state = reader.feed({bytes.data(), size});
    if (state == ResponseReader::State::refused)
      return fail("bad-answer",
                  "The answer of " + address_.text + " cannot be read: " + reader.fault() + ".",
                  "Check that the address is the one of a Latchkey agent.");
  }
  return reader.answer();
}

Result<HttpAnswer> Line::exchange(std::string_view request, const Patience& patience) {
  const QuietPipe quiet;
  for (bool kept = fd_ >= 0;; kept = false) {
    LK_CHECK(open(patience));
    // A server that refuses may answer and close before it took all of the request: read anyway.
    const auto sent = send(request, patience);
    bool untouched = false;
    auto answer = sent == Outcome::failed
                      ? Result<HttpAnswer>(tl::make_unexpected(unreachable(kNotInTime)))
                      : receive(patience, untouched);
    if (!answer || answer->close) close();
    if (answer || !kept || !untouched) return answer;
  }
}

}  // namespace latchkey::client
