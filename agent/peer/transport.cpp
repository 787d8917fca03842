#include "agent/peer/transport.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <list>

#include "agent/peer/dial.h"
#include "agent/peer/tls_channel.h"
#include "agent/reactor/accept_loop.h"
#include "agent/reactor/listen.h"
#include "agent/reactor/reactor.h"

namespace latchkey::peer {
namespace {

using ErrorCode = boost::system::error_code;
using Side = boost::asio::ssl::stream_base::handshake_type;

/// Strangers that are shaking hands at once; the oldest goes when another one comes.
constexpr std::size_t kStrangersLimit = 8;

/// TLS 1.3 and nothing else: a resumed session would skip the certificate, so there are no tickets.
std::shared_ptr<TlsContext> make_context(const TlsIdentity& identity) {
  auto context = std::make_shared<TlsContext>(TlsContext::tls);
  SSL_CTX* const ctx = context->native_handle();
  if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
      SSL_CTX_use_certificate(ctx, identity.certificate()) != 1 ||
      SSL_CTX_use_PrivateKey(ctx, identity.key()) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1)
    throw std::bad_alloc();
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  context->set_verify_mode(boost::asio::ssl::verify_peer |
                           boost::asio::ssl::verify_fail_if_no_peer_cert);
  return context;
}

}  // namespace

class Transport::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& io, Reactor& reactor, const TlsIdentity& identity,
       std::chrono::milliseconds deadline)
      : io_(io),
        deadline_(deadline),
        reactor_(reactor),
        context_(make_context(identity)),
        door_(io) {}

  Result<std::string> listen(const std::string& address, PinCheck check, Accepted accepted);
  void shut();

  boost::asio::io_context& io_;
  std::chrono::milliseconds deadline_;
  Reactor& reactor_;
  std::shared_ptr<TlsContext> context_;

 private:
  struct Stranger {
    std::shared_ptr<TlsChannel> channel;
    std::unique_ptr<Alarm> alarm;
  };
  using Strangers = std::list<Stranger>;

  void shake_hands(Tcp::socket socket);
  void drop(const TlsChannel* channel);

  AcceptLoop<Tcp> door_;
  PinCheck check_;
  Accepted accepted_;
  Strangers strangers_;
};

Result<std::string> Transport::Impl::listen(const std::string& address, PinCheck check,
                                            Accepted accepted) {
  LK_TRY(auto bound, listen_on(door_.acceptor(), address,
                               "Set peer.listen to an address of this machine, as "
                               "\"10.0.0.1:8202\"."));
  check_ = std::move(check);
  accepted_ = std::move(accepted);
  door_.start([this](Tcp::socket socket) { shake_hands(std::move(socket)); });
  return bound;
}

void Transport::Impl::shake_hands(Tcp::socket socket) {
  if (strangers_.size() == kStrangersLimit) drop(strangers_.front().channel.get());
  auto channel = std::make_shared<TlsChannel>(std::move(socket), context_);
  auto* const raw = channel.get();
  strangers_.push_back({channel, reactor_.alarm()});
  strangers_.back().alarm->set(deadline_, [this, raw] { drop(raw); });
  channel->handshake(
      Side::server, check_, [weak = weak_from_this(), channel](const Result<void>& done) {
        const auto self = weak.lock();
        if (!self) return channel->close();
        if (done) {
          self->strangers_.remove_if([&](const Stranger& s) { return s.channel == channel; });
          self->accepted_(channel);
          channel->start_reading();
        } else {
          self->drop(channel.get());
        }
      });
}

void Transport::Impl::drop(const TlsChannel* channel) {
  const auto found = std::find_if(strangers_.begin(), strangers_.end(),
                                  [&](const Stranger& s) { return s.channel.get() == channel; });
  if (found == strangers_.end()) return;
  const auto kept = found->channel;
  strangers_.erase(found);
  kept->close();
}

void Transport::Impl::shut() {
  door_.stop();
  for (const auto& stranger : strangers_) stranger.channel->close();
  strangers_.clear();
}

Transport::Transport(boost::asio::io_context& io, Reactor& reactor, const TlsIdentity& identity,
                     std::chrono::milliseconds deadline)
    : impl_(std::make_shared<Impl>(io, reactor, identity, deadline)) {}

Transport::~Transport() { impl_->shut(); }

Result<std::string> Transport::listen(const std::string& address, PinCheck check,
                                      Accepted accepted) {
  return impl_->listen(address, std::move(check), std::move(accepted));
}

std::unique_ptr<Transport::Attempt> Transport::dial(const std::string& address, std::string pin,
                                                    Dialled done) {
  return start_dial(impl_->io_, impl_->reactor_, impl_->context_,
                    {address, std::move(pin), impl_->deadline_}, std::move(done));
}

}  // namespace latchkey::peer
