#include "agent/net/tls_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <set>

#include "agent/net/connection.h"
#include "agent/net/tls_stream.h"
#include "core/base/host_port.h"

namespace latchkey::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kAcceptPause(1);  ///< after running out of descriptors

Response server_full() {
  return problem(503, {"too-many-connections", "The agent has too many open connections.",
                       "Close some clients, or try again in a moment."});
}

ConnectionHub::Settings hub_settings(const TlsServerConfig& config) {
  ConnectionHub::Settings settings;
  settings.limits = {config.max_header, config.max_body};
  settings.patience = {config.idle, config.request, config.stranger_idle};
  return settings;
}

/// How many strangers there are, and from where. Outlived by its places.
class StrangerCount {
 public:
  std::size_t all() const { return all_; }
  std::size_t from(const std::string& address) const {
    const auto found = by_address_.find(address);
    return found == by_address_.end() ? 0 : found->second;
  }
  /// Counts one until the last copy of what is returned has gone.
  static std::shared_ptr<void> place(const std::shared_ptr<StrangerCount>& count,
                                     const std::string& address) {
    ++count->all_;
    ++count->by_address_[address];
    return {nullptr, [count, address](void*) {
              --count->all_;
              if (--count->by_address_[address] == 0) count->by_address_.erase(address);
            }};
  }

 private:
  std::size_t all_ = 0;
  std::map<std::string, std::size_t> by_address_;
};

/// One who is at the door.
struct Handshake {
  std::unique_ptr<TlsStream> stream;
  std::string address;
  Clock::time_point deadline;
};

std::string address_of(const tcp::socket& socket) {
  error_code error;
  const auto address = socket.remote_endpoint(error).address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

struct TlsServer::Impl : std::enable_shared_from_this<TlsServer::Impl> {
  /// Waits for one handshake's stream; the handshake may be gone by then.
  struct Knock : StreamUser {
    Knock(std::weak_ptr<Impl> s, std::uint64_t n) : server(std::move(s)), number(n) {}
    void on_ready(Ready, bool alive) override {
      const auto open = server.lock();
      if (open && alive) open->enqueue(number);
    }
    std::weak_ptr<Impl> server;
    std::uint64_t number;
  };

  Impl(asio::io_context& io, TlsServerConfig c, Router router, Doorman& doorman)
      : context(io),
        config(std::move(c)),
        acceptor(io),
        retry(io),
        deadline(io),
        hub(std::make_shared<ConnectionHub>(io, std::move(router), hub_settings(config),
                                            &doorman)) {}

  Result<std::string> start();
  void accept();
  void on_accept(const error_code& error, tcp::socket socket);
  void greet(tcp::socket socket);
  void make_room();
  void drop(std::uint64_t number);
  void enqueue(std::uint64_t number);
  void turn();
  void advance(std::uint64_t number);
  void admit(Handshake guest);
  void arm_deadline();
  void drop_late();
  void stop();

  asio::io_context& context;
  TlsServerConfig config;
  Context tls;
  tcp::acceptor acceptor;
  asio::steady_timer retry;
  asio::steady_timer deadline;
  std::shared_ptr<ConnectionHub> hub;
  std::shared_ptr<StrangerCount> strangers = std::make_shared<StrangerCount>();
  std::map<std::uint64_t, Handshake> handshakes;  ///< by number: the oldest first
  std::set<std::uint64_t> silent;                 ///< of them, who has said nothing yet
  std::uint64_t next_number = 0;
  std::deque<std::uint64_t> ready;  ///< handshakes that can go on
  bool turning = false;
  bool timing = false;
  bool stopped = false;
};

Result<std::string> TlsServer::Impl::start() {
  const auto cannot = [&](const std::string& why) {
    return fail("socket-failed", "Cannot listen on " + config.listen + ": " + why + ".",
                "Set server.listen to an address of this machine, as \"0.0.0.0:8201\", or leave "
                "it out.");
  };
  LK_TRY(const auto parts, split_address(config.listen));
  error_code error;
  const auto host = asio::ip::make_address(parts.host.empty() ? "::" : parts.host, error);
  if (error) return cannot(error.message());
  const tcp::endpoint endpoint(host, static_cast<std::uint16_t>(std::stoi(parts.port)));
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  const auto bound = error ? tcp::endpoint() : acceptor.local_endpoint(error);
  if (error) return cannot(error.message());
  accept();
  return join_address(bound.address().to_string(), std::to_string(bound.port()));
}

void TlsServer::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    self->on_accept(error, std::move(socket));
  });
}

void TlsServer::Impl::on_accept(const error_code& error, tcp::socket socket) {
  if (stopped) return;
  if (!error) greet(std::move(socket));
  if (!error || error == asio::error::connection_aborted) return accept();
  retry.expires_after(kAcceptPause);
  retry.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled && !self->stopped) self->accept();
  });
}

/// Whoever floods the door pushes out those that have not come in, never those that have; and those
/// that say nothing before those that have begun.
void TlsServer::Impl::make_room() {
  if (handshakes.size() < config.max_handshakes) return;
  drop(silent.empty() ? handshakes.begin()->first : *silent.begin());
}

void TlsServer::Impl::drop(std::uint64_t number) {
  silent.erase(number);
  handshakes.erase(number);
}

void TlsServer::Impl::greet(tcp::socket socket) {
  error_code error;
  socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;
  make_room();
  auto address = address_of(socket);
  const auto number = next_number++;
  handshakes.emplace(number, Handshake{std::make_unique<TlsStream>(std::move(socket), tls.get()),
                                       std::move(address), Clock::now() + config.handshake});
  silent.insert(number);
  arm_deadline();
  enqueue(number);
}

void TlsServer::Impl::enqueue(std::uint64_t number) {
  ready.push_back(number);
  if (std::exchange(turning, true)) return;
  asio::post(context, [self = shared_from_this()] { self->turn(); });
}

/// One step of one handshake, some 0.2 ms of computing, then everybody else's turn.
void TlsServer::Impl::turn() {
  if (stopped) return;
  const auto number = ready.front();
  ready.pop_front();
  advance(number);
  turning = !ready.empty();
  if (turning) asio::post(context, [self = shared_from_this()] { self->turn(); });
}

void TlsServer::Impl::advance(std::uint64_t number) {
  const auto found = handshakes.find(number);
  if (found == handshakes.end()) return;
  const auto state = found->second.stream->handshake().state;
  if (found->second.stream->greeted()) silent.erase(number);
  if (state == Stream::Io::State::needs_read || state == Stream::Io::State::needs_write)
    return found->second.stream->wait(
        state == Stream::Io::State::needs_read ? Ready::read : Ready::write,
        std::make_shared<Knock>(weak_from_this(), number));
  auto guest = std::move(found->second);
  drop(number);
  if (state == Stream::Io::State::some) admit(std::move(guest));
}

void TlsServer::Impl::admit(Handshake guest) {
  Request who;
  who.from = {guest.address, guest.stream->pin()};
  const bool stranger = hub->doorman()->caller_of(who).rights.empty();
  const bool full = stranger ? strangers->all() >= config.max_strangers ||
                                   strangers->from(guest.address) >= config.strangers_per_address
                             : hub->size() - strangers->all() >= config.max_connections;
  auto place = stranger ? StrangerCount::place(strangers, guest.address) : nullptr;
  const auto connection = std::make_shared<Connection>(std::move(guest.stream), Caller{},
                                                       std::move(who.from), hub, std::move(place));
  if (full) return connection->refuse(server_full());
  connection->start();
}

void TlsServer::Impl::arm_deadline() {
  if (std::exchange(timing, true)) return;
  deadline.expires_at(handshakes.begin()->second.deadline);
  deadline.async_wait([self = shared_from_this()](const error_code& cancelled) {
    self->timing = false;
    if (!cancelled) self->drop_late();
  });
}

void TlsServer::Impl::drop_late() {
  const auto now = Clock::now();
  while (!handshakes.empty() && handshakes.begin()->second.deadline <= now)
    drop(handshakes.begin()->first);
  if (!handshakes.empty()) arm_deadline();
}

void TlsServer::Impl::stop() {
  stopped = true;
  error_code ignored;
  acceptor.close(ignored);
  retry.cancel();
  deadline.cancel();
  handshakes.clear();
  hub->stop();
}

TlsServer::TlsServer(asio::io_context& io, TlsServerConfig config, Router router, Doorman& doorman)
    : impl_(std::make_shared<Impl>(io, std::move(config), std::move(router), doorman)) {}
TlsServer::~TlsServer() { impl_->stop(); }

Result<std::string> TlsServer::start(Context context) {
  impl_->tls = std::move(context);
  return impl_->start();
}
void TlsServer::use(Context context) { impl_->tls = std::move(context); }
void TlsServer::review() { impl_->hub->review(); }
std::size_t TlsServer::connection_count() const { return impl_->hub->size(); }

}  // namespace latchkey::net
