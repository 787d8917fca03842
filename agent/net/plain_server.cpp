#include "agent/net/plain_server.h"

#include "agent/net/client_address.h"
#include "agent/net/connection.h"
#include "agent/net/socket_stream.h"
#include "agent/reactor/accept_loop.h"
#include "agent/reactor/listen.h"
#include "core/base/host_port.h"

namespace latchkey::net {
namespace {

using boost::asio::ip::tcp;

Response page_server_full() {
  return problem(503, {"too-many-connections", "The agent has too many open connections.",
                       "Close some pages, or try again in a moment."});
}

}  // namespace

struct PlainServer::Impl {
  Impl(boost::asio::io_context& io, Router router, Doorman& doorman)
      : hub(std::make_shared<ConnectionHub>(io, std::move(router), ConnectionHub::Settings{},
                                            &doorman)),
        door(io) {}

  void admit(tcp::socket socket) {
    boost::system::error_code error;
    socket.non_blocking(true, error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (error) return;
    Origin from{client_address(socket), {}, true};
    const auto connection =
        std::make_shared<Connection>(std::make_unique<PlainStream<tcp::socket>>(std::move(socket)),
                                     Caller{}, std::move(from), hub);
    if (hub->size() > kMaxConnections) return connection->refuse(page_server_full());
    connection->start();
  }

  std::shared_ptr<ConnectionHub> hub;
  AcceptLoop<tcp> door;
};

PlainServer::PlainServer(boost::asio::io_context& io, Router router, Doorman& doorman)
    : impl_(std::make_unique<Impl>(io, std::move(router), doorman)) {}

PlainServer::~PlainServer() {
  impl_->door.stop();
  impl_->hub->stop();
}

Result<std::string> PlainServer::start(const std::string& listen) {
  LK_TRY(const auto parts, split_address(listen));
  if (!is_loopback(parts.host))
    return fail("not-loopback", listen + " is no loopback address, and there is no TLS on it.",
                "Set web.listen to 127.0.0.1:8280; for other machines set server.listen.");
  LK_TRY(auto address, listen_on(impl_->door.acceptor(), listen,
                                 "Set web.listen to a port of 127.0.0.1 that nobody else has, or "
                                 "leave it out."));
  impl_->door.start([impl = impl_.get()](tcp::socket socket) { impl->admit(std::move(socket)); });
  return address;
}
void PlainServer::review() { impl_->hub->review(); }
std::size_t PlainServer::connection_count() const { return impl_->hub->size(); }

}  // namespace latchkey::net
