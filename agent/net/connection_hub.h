#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "agent/net/doorman.h"
#include "agent/net/request_reader.h"
#include "agent/net/router.h"

namespace latchkey::net {

class Connection;

/// How long a client may keep a server waiting.
struct Patience {
  std::chrono::milliseconds idle{60'000};      ///< between two requests
  std::chrono::milliseconds request{15'000};   ///< for a request to arrive, an answer to be taken
  std::chrono::milliseconds stranger{15'000};  ///< as idle, for who showed no certificate over TLS
};

/// What the connections of one server share, and the passing of time for them. Reactor thread only.
class ConnectionHub : public std::enable_shared_from_this<ConnectionHub> {
 public:
  struct Settings {
    ReaderLimits limits;
    Patience patience;
    std::size_t stream_backlog = 256 * 1024;  ///< bytes an event-stream client may lag behind
  };

  /// `doorman`: who asks, anew for each request; null: whom the connection was accepted from.
  /// Outlives stop().
  ConnectionHub(boost::asio::io_context& context, Router router, Settings settings,
                Doorman* doorman = nullptr);

  const Router& router() const { return router_; }
  Doorman* doorman() const { return doorman_; }
  const ReaderLimits& limits() const { return settings_.limits; }
  std::size_t stream_backlog() const { return settings_.stream_backlog; }
  /// Of the router; for readers that the hub outlives.
  BodyLimit body_limit() const;

  /// Time without a clock read per request: a sweep's number.
  std::uint32_t tick() const { return tick_; }
  std::uint32_t ticks(std::chrono::milliseconds time) const;
  const Patience& patience() const { return settings_.patience; }
  /// Where a connection reads to: what it cannot use at once it keeps for itself.
  std::array<char, 16 * 1024>& scratch() { return scratch_; }

  /// Lets it wait for input once the others of this turn of the reactor have been served: among
  /// many, its client has asked again by then, and a first read that finds something is one system
  /// call less (20 % of the rate of status queries). One that comes alone need not wait.
  void await_input(std::shared_ptr<Connection> connection);
  void add(Connection& connection);
  void remove(Connection& connection) { connections_.erase(&connection); }
  std::size_t size() const { return connections_.size(); }
  /// Closes the event streams of callers that may not look any more.
  void review();
  void stop();  ///< closes every connection

 private:
  void arm();
  void sweep();
  void start_waiting();

  Router router_;
  Settings settings_;
  Doorman* doorman_;
  std::chrono::milliseconds interval_;
  boost::asio::steady_timer sweeper_;
  std::unordered_set<Connection*> connections_;
  std::uint32_t tick_ = 0;
  bool sweeping_ = false;
  bool stopped_ = false;
  std::vector<std::shared_ptr<Connection>> waiting_, starting_;  ///< for input
  bool alone_ = true;  ///< the last turn served one connection
  unsigned alone_in_a_row_ = 0;
  std::array<char, 16 * 1024> scratch_{};
};

}  // namespace latchkey::net
