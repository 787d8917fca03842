#include "agent/peer/dial.h"

#include <boost/asio/connect.hpp>
#include <utility>

#include "agent/reactor/reactor.h"

namespace latchkey::peer {
namespace {

using ErrorCode = boost::system::error_code;
using Side = boost::asio::ssl::stream_base::handshake_type;

tl::unexpected<Error> unreachable(const std::string& address, const std::string& why) {
  return fail(
      "peer-unreachable", "No connection to " + address + ": " + why + ".",
      "Check that the other node's agent runs and that a firewall lets this address through.");
}

/// Resolve, connect, shake hands: until one deadline.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  Dial(boost::asio::io_context& io, Reactor& reactor, std::shared_ptr<TlsContext> context,
       DialPlan plan, Transport::Dialled done)
      : resolver_(io),
        socket_(io),
        alarm_(reactor.alarm()),
        context_(std::move(context)),
        plan_(std::move(plan)),
        done_(std::move(done)) {}

  void start(Reactor& reactor) {
    const auto parts = split_address(plan_.address);
    if (!parts)
      return reactor.post([self = shared_from_this(), error = parts.error()] {
        self->end(tl::make_unexpected(error));
      });
    alarm_->set(plan_.deadline, [this] { end(unreachable(plan_.address, "no answer in time")); });
    ErrorCode error;
    const auto host = boost::asio::ip::make_address(parts->host, error);
    if (!error)
      return connect({Tcp::endpoint(host, static_cast<std::uint16_t>(std::stoi(parts->port)))});
    resolver_.async_resolve(parts->host, parts->port,
                            [self = shared_from_this()](const ErrorCode& code,
                                                        const Tcp::resolver::results_type& found) {
                              self->resolved(code, found);
                            });
  }

  void give_up() {
    done_ = nullptr;
    stop();
  }

 private:
  void resolved(const ErrorCode& error, const Tcp::resolver::results_type& found) {
    if (!done_) return;
    if (error) return end(unreachable(plan_.address, error.message()));
    std::vector<Tcp::endpoint> endpoints;
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    connect(std::move(endpoints));
  }

  void connect(std::vector<Tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    boost::asio::async_connect(
        socket_, endpoints_,
        [self = shared_from_this()](const ErrorCode& error, const Tcp::endpoint&) {
          self->connected(error);
        });
  }

  void connected(const ErrorCode& error) {
    if (!done_) return;
    if (error) return end(unreachable(plan_.address, error.message()));
    channel_ = std::make_shared<TlsChannel>(std::move(socket_), context_);
    channel_->handshake(
        Side::client, [pin = plan_.pin](const std::string& shown) { return shown == pin; },
        [self = shared_from_this()](const Result<void>& shaken) {
          if (!shaken) return self->end(tl::make_unexpected(shaken.error()));
          const auto channel = std::exchange(self->channel_, nullptr);
          self->end(channel);
          channel->start_reading();
        });
  }

  void end(Result<ChannelPtr> result) {
    const auto self = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    stop();
    if (done) done(std::move(result));
  }

  void stop() {
    alarm_->cancel();
    resolver_.cancel();
    ErrorCode ignored;
    socket_.close(ignored);
    if (channel_) channel_->close();
    channel_ = nullptr;
  }

  Tcp::resolver resolver_;
  Tcp::socket socket_;
  std::unique_ptr<Alarm> alarm_;
  std::shared_ptr<TlsContext> context_;
  DialPlan plan_;
  Transport::Dialled done_;
  std::vector<Tcp::endpoint> endpoints_;
  std::shared_ptr<TlsChannel> channel_;
};

class DialAttempt final : public Transport::Attempt {
 public:
  explicit DialAttempt(std::shared_ptr<Dial> dial) : dial_(std::move(dial)) {}
  ~DialAttempt() override { dial_->give_up(); }
  DialAttempt(const DialAttempt&) = delete;
  DialAttempt& operator=(const DialAttempt&) = delete;

 private:
  std::shared_ptr<Dial> dial_;
};

}  // namespace

std::unique_ptr<Transport::Attempt> start_dial(boost::asio::io_context& io, Reactor& reactor,
                                               std::shared_ptr<TlsContext> context, DialPlan plan,
                                               Transport::Dialled done) {
  auto dial =
      std::make_shared<Dial>(io, reactor, std::move(context), std::move(plan), std::move(done));
  dial->start(reactor);
  return std::make_unique<DialAttempt>(std::move(dial));
}

}  // namespace latchkey::peer
