#include "agent/net/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>

#include "agent/identity/certificate_pin.h"

namespace latchkey::net {
namespace {

/// One TLS record (RFC 8446 5.1): a small answer leaves with its head in one.
constexpr std::size_t kRecord = 16 * 1024;

using Wire = TlsStream::Wire;

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

/// As a socket BIO tells it.
int told(BIO* bio, const Stream::Io& io, int retry) {
  BIO_clear_retry_flags(bio);
  if (io.state == Stream::Io::State::some) return static_cast<int>(io.size);
  if (io.state == Stream::Io::State::closed) return 0;
  BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return -1;
}

int read_wire(BIO* bio, char* into, int size) {
  return told(bio, wire_of(bio).read_some({into, static_cast<std::size_t>(size)}), BIO_FLAGS_READ);
}

int write_wire(BIO* bio, const char* bytes, int size) {
  return told(bio, wire_of(bio).write_some({bytes, static_cast<std::size_t>(size)}, {}),
              BIO_FLAGS_WRITE);
}

/// What OpenSSL asks of every BIO: nothing waits in this one.
long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* make_bio(Wire& wire) {
  using Method = openssl::Handle<BIO_METHOD, BIO_meth_free>;
  static const Method method = [] {
    Method made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream"));
    if (made) {
      BIO_meth_set_read(made.get(), &read_wire);
      BIO_meth_set_write(made.get(), &write_wire);
      BIO_meth_set_ctrl(made.get(), &control_wire);
    }
    return made;
  }();
  BIO* const bio = method ? BIO_new(method.get()) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace

TlsStream::TlsStream(boost::asio::ip::tcp::socket socket, SSL_CTX* context)
    : wire_(std::move(socket)), ssl_(SSL_new(context)) {
  BIO* const bio = make_bio(wire_);
  if (ssl_ && bio != nullptr)
    SSL_set_bio(ssl_.get(), bio, bio);
  else
    ssl_.reset();
}

Stream::Io TlsStream::outcome(int result) {
  if (result > 0) return {Io::State::some, static_cast<std::size_t>(result)};
  const int why = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  if (why == SSL_ERROR_WANT_READ) return {Io::State::needs_read, 0};
  if (why == SSL_ERROR_WANT_WRITE) return {Io::State::needs_write, 0};
  return {Io::State::closed, 0};
}

Stream::Io TlsStream::read_outcome(int result) {
  const auto io = outcome(result);
  ahead_ = io.state == Io::State::some && SSL_has_pending(ssl_.get()) == 1;
  return io;
}

Stream::Io TlsStream::handshake() {
  if (!ssl_) return {};
  return read_outcome(SSL_accept(ssl_.get()));
}

std::string TlsStream::pin() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? std::string() : pin_of(certificate);
}

Stream::Io TlsStream::read_some(std::span<char> into) {
  return read_outcome(SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size())));
}

/// What was read ahead may be a part of a record: the next read says so, and then it is waited for.
/// Who waits for a handshake does not keep the stream, so that it waits without reading.
void TlsStream::wait(Ready what, std::shared_ptr<StreamUser> user) {
  if (SSL_is_init_finished(ssl_.get()) == 0) return wire_.SocketStream::wait(what, std::move(user));
  if (what == Ready::write || !std::exchange(ahead_, false))
    return wire_.wait(what, std::move(user));
  wire_.post([user = std::move(user)] { user->on_ready(Ready::read, true); });
}

Stream::Io TlsStream::write_some(std::string_view head, std::string_view body) {
  if (head.empty())
    return outcome(
        SSL_write(ssl_.get(), body.data(), static_cast<int>(std::min(body.size(), kRecord))));
  // The same bytes again after a wait, as OpenSSL wants it: the parts that are left are the same.
  static thread_local std::array<char, kRecord> record;
  const auto of_head = std::min(head.size(), record.size());
  const auto of_body = std::min(body.size(), record.size() - of_head);
  std::copy_n(head.data(), of_head, record.data());
  std::copy_n(body.data(), of_body, record.data() + of_head);
  return outcome(SSL_write(ssl_.get(), record.data(), static_cast<int>(of_head + of_body)));
}

/// Says farewell, so that the client knows a stream that ended from one that was cut.
void TlsStream::close() {
  if (ssl_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  wire_.close();
}

}  // namespace latchkey::net
