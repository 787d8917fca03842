#include "agent/peer/tls_channel.h"

#include <openssl/ssl.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "agent/identity/certificate_pin.h"

namespace latchkey::peer {
namespace {

/// A peer that sends without ever reading costs no more than this.
constexpr std::size_t kQueueLimit = 4 * kFrameLimit;

constexpr std::chrono::seconds kLinger{1};

std::string frame(std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  std::string out;
  out.reserve(sizeof size + text.size());
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(size >> shift & 0xff);
  out += text;
  return out;
}

Error broken(std::string message) {
  return {
      "link-broken", std::move(message),
      "Check the network between the two nodes, and `latchkey peer` on the other one: it may be "
      "paired with another node now."};
}

}  // namespace

TlsChannel::TlsChannel(Tcp::socket socket, std::shared_ptr<TlsContext> context)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      linger_(stream_.get_executor()) {}

void TlsChannel::note_remote_host() {
  ErrorCode error;
  const auto endpoint = stream_.next_layer().remote_endpoint(error);
  if (!error) remote_host_ = endpoint.address().to_string();
  stream_.next_layer().set_option(Tcp::no_delay(true), error);
}

void TlsChannel::handshake(Side side, PinCheck check, Shaken done) {
  note_remote_host();
  // OpenSSL asks once per complaint about the certificate (self-signed, unknown issuer); the answer
  // is always the leaf's pin and nothing else.
  stream_.set_verify_callback(
      [this, check = std::move(check)](bool, boost::asio::ssl::verify_context& context) {
        X509* const leaf = X509_STORE_CTX_get0_cert(context.native_handle());
        if (leaf == nullptr) return false;
        pin_ = pin_of(leaf);
        refused_ = !check(pin_);
        return !refused_;
      });
  stream_.async_handshake(
      side, [self = shared_from_this(), done = std::move(done)](const ErrorCode& error) {
        if (self->closed_) return;
        if (!error && !self->pin_.empty()) return done({});
        if (self->refused_)
          return done(fail("wrong-peer", "The other side is not the node that was pinned.",
                           "Check the address; if the node was replaced, invite the new one."));
        done(fail("peer-unreachable", "No TLS 1.3 handshake: " + error.message() + ".",
                  "Check that the other side is a Latchkey agent."));
      });
}

void TlsChannel::read_header() {
  boost::asio::async_read(stream_, boost::asio::buffer(header_),
                          [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                            self->header_read(error);
                          });
}

void TlsChannel::header_read(const ErrorCode& error) {
  if (closed_) return;
  if (error) return fail_with(broken("The connection ended: " + error.message() + "."));
  std::size_t size = 0;
  for (const auto byte : header_) size = size << 8 | byte;
  if (size == 0 || size > frame_limit_)
    return fail_with({"message-invalid",
                      "The peer sent a frame of " + std::to_string(size) + " bytes.",
                      "Check that both nodes run the same version of the agent."});
  body_.resize(size);
  boost::asio::async_read(
      stream_, boost::asio::buffer(body_),
      [self = shared_from_this()](const ErrorCode& code, std::size_t) { self->body_read(code); });
}

void TlsChannel::body_read(const ErrorCode& error) {
  if (closed_) return;
  if (error) return fail_with(broken("The connection ended: " + error.message() + "."));
  auto message = decode(body_);
  // Both can be megabytes after a batch, and the link is quiet most of its life.
  body_ = std::string();
  if (!message) return fail_with(message.error());
  const auto events = events_;
  if (events->message) events->message(std::move(*message));
  if (!closed_) read_header();
}

void TlsChannel::send_text(std::string_view text) {
  if (closed_ || finishing_) return;
  queued_bytes_ += text.size();
  if (queued_bytes_ > kQueueLimit) return fail_with(broken("The peer does not read."));
  queue_.push_back(frame(text));
  if (queue_.size() == 1) write_next();
}

void TlsChannel::write_next() {
  boost::asio::async_write(
      stream_, boost::asio::buffer(queue_.front()),
      [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->written(error); });
}

void TlsChannel::written(const ErrorCode& error) {
  if (closed_) return;
  if (error) return fail_with(broken("The connection ended: " + error.message() + "."));
  queued_bytes_ -= queue_.front().size() - header_.size();
  queue_.pop_front();
  if (!queue_.empty()) return write_next();
  if (finishing_) say_last();
}

/// Closing with something unread makes the kernel throw away what the other side has not read yet:
/// let it close first, for a while.
void TlsChannel::finish() {
  if (closed_ || finishing_) return;
  finishing_ = true;
  events_ = std::make_shared<Events>();
  linger_.expires_after(kLinger);
  linger_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    const auto self = weak.lock();
    if (!error && self) self->close();
  });
  if (queue_.empty()) say_last();
}

void TlsChannel::say_last() {
  ErrorCode ignored;
  stream_.next_layer().shutdown(Tcp::socket::shutdown_send, ignored);
}

void TlsChannel::close() {
  if (closed_) return;
  closed_ = true;
  events_ = std::make_shared<Events>();
  linger_.cancel();
  ErrorCode ignored;
  // Frames carry their length, so nothing is lost without TLS's own farewell.
  stream_.next_layer().shutdown(Tcp::socket::shutdown_both, ignored);
  stream_.next_layer().close(ignored);
}

void TlsChannel::fail_with(Error error) {
  const auto events = events_;
  close();
  if (events->closed) events->closed(std::move(error));
}

}  // namespace latchkey::peer
