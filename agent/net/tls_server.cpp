#include "agent/net/tls_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>

#include "agent/net/client_address.h"
#include "agent/net/connection.h"
#include "agent/net/crowd.h"
#include "agent/net/tls_stream.h"
#include "agent/reactor/accept_loop.h"
#include "agent/reactor/listen.h"

namespace latchkey::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

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
        door(io),
        deadline(io),
        hub(std::make_shared<ConnectionHub>(io, std::move(router), hub_settings(config),
                                            &doorman)) {}

  Result<std::string> start();
  void greet(tcp::socket socket);
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
  AcceptLoop<tcp> door;
  asio::steady_timer deadline;
  std::shared_ptr<ConnectionHub> hub;
  std::shared_ptr<StrangerCount> strangers = std::make_shared<StrangerCount>();
  std::map<std::uint64_t, Handshake> handshakes;  ///< by number: the oldest first
  Crowd crowd;                                    ///< the same ones
  std::uint64_t next_number = 0;
  std::deque<std::uint64_t> ready;  ///< handshakes that can go on
  bool turning = false;
  bool timing = false;
  bool stopped = false;
};

Result<std::string> TlsServer::Impl::start() {
  LK_TRY(auto address, listen_on(door.acceptor(), config.listen,
                                 "Set server.listen to an address of this machine, as "
                                 "\"0.0.0.0:8201\", or leave it out."));
  door.start([this](tcp::socket socket) { greet(std::move(socket)); });
  return address;
}

void TlsServer::Impl::drop(std::uint64_t number) {
  crowd.remove(number);
  handshakes.erase(number);
}

void TlsServer::Impl::greet(tcp::socket socket) {
  error_code error;
  socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;
  // Whoever floods the door pushes out those that have not come in, never those that have.
  if (crowd.size() == config.max_handshakes) drop(crowd.first_to_go());
  auto address = client_address(socket);
  const auto number = next_number++;
  crowd.add(number, address);
  auto stream = std::make_unique<TlsStream>(std::move(socket), tls.get());
  handshakes.emplace(
      number, Handshake{std::move(stream), std::move(address), Clock::now() + config.handshake});
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
  if (found->second.stream->greeted()) crowd.began(number);
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
  const auto known = hub->size() - strangers->all();
  const bool full = stranger ? strangers->all() >= config.max_strangers ||
                                   strangers->from(guest.address) >= config.strangers_per_address ||
                                   known > config.max_connections
                             : known >= config.max_connections;
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
  door.stop();
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
