#include "agent/net/connection_hub.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <vector>

#include "agent/net/connection.h"

namespace latchkey::net {
namespace {

/// How often a client that was alone waits for others.
constexpr unsigned kLookForOthers = 16;

/// A quarter of the shortest limit: limits are kept to 25 %, and the sweep costs nothing.
std::chrono::milliseconds sweep_interval(const Patience& patience) {
  return std::max<std::chrono::milliseconds>(
      std::min({patience.idle, patience.request, patience.stranger}) / 4,
      std::chrono::milliseconds(1));
}

}  // namespace

ConnectionHub::ConnectionHub(boost::asio::io_context& context, Router router, Settings settings,
                             Doorman* doorman)
    : router_(std::move(router)),
      settings_(settings),
      doorman_(doorman),
      interval_(sweep_interval(settings.patience)),
      sweeper_(context) {}

BodyLimit ConnectionHub::body_limit() const {
  return [this](const Request& request, std::size_t usual) {
    return router_.body_limit(request, doorman_ ? doorman_->caller_of(request) : request.caller,
                              usual);
  };
}

std::uint32_t ConnectionHub::ticks(std::chrono::milliseconds time) const {
  return static_cast<std::uint32_t>(time / interval_);
}

void ConnectionHub::add(Connection& connection) {
  connections_.insert(&connection);
  arm();
}

void ConnectionHub::await_input(std::shared_ptr<Connection> connection) {
  if (alone_ && waiting_.empty() && ++alone_in_a_row_ % kLookForOthers != 0)
    return connection->start_waiting();
  waiting_.push_back(std::move(connection));
  if (waiting_.size() > 1) return;
  boost::asio::post(sweeper_.get_executor(),
                    [self = shared_from_this()] { self->start_waiting(); });
}

void ConnectionHub::start_waiting() {
  starting_.swap(waiting_);
  alone_ = starting_.size() == 1;
  for (const auto& connection : starting_) connection->start_waiting();
  starting_.clear();
}

void ConnectionHub::arm() {
  if (sweeping_ || stopped_) return;
  sweeping_ = true;
  sweeper_.expires_after(interval_);
  sweeper_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    self->sweeping_ = false;
    if (!cancelled) self->sweep();
  });
}

void ConnectionHub::sweep() {
  ++tick_;
  for (Connection* connection : connections_) connection->sweep();
  if (std::ranges::any_of(connections_, [](const Connection* c) { return c->is_timed(); })) arm();
}

void ConnectionHub::review() {
  for (Connection* connection : connections_) connection->review();
}

void ConnectionHub::stop() {
  stopped_ = true;
  sweeper_.cancel();
  // Closing one may destroy it, and with it its place in the set.
  std::vector<std::shared_ptr<Connection>> open;
  for (Connection* connection : connections_) open.push_back(connection->shared_from_this());
  for (const auto& connection : open) connection->close();
  waiting_.clear();
}

}  // namespace latchkey::net
