#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace latchkey {

/// Takes in the connections of a listening socket, one a turn of the reactor. Out of descriptors,
/// it tries again after a pause. Includes Asio: for .cpp files only. Reactor thread only.
template <class Protocol>
class AcceptLoop {
 public:
  using Socket = typename Protocol::socket;
  using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;

  explicit AcceptLoop(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
  ~AcceptLoop() { stop(); }
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;

  /// To be opened and set listening before start().
  Acceptor& acceptor() { return state_->acceptor; }
  void start(std::function<void(Socket)> take) {
    state_->take = std::move(take);
    accept(state_);
  }
  /// Closes it; nothing is taken in any more.
  void stop() {
    boost::system::error_code ignored;
    state_->take = nullptr;
    state_->acceptor.close(ignored);
    state_->retry.cancel();
  }

 private:
  struct State {
    explicit State(boost::asio::io_context& io) : acceptor(io), retry(io) {}
    Acceptor acceptor;
    boost::asio::steady_timer retry;
    std::function<void(Socket)> take;  ///< none: stopped
  };

  static void accept(const std::shared_ptr<State>& state) {
    state->acceptor.async_accept([state](const boost::system::error_code& error, Socket socket) {
      if (!state->take) return;
      if (!error) state->take(std::move(socket));
      if (!state->take) return;
      if (!error || error == boost::asio::error::connection_aborted) return accept(state);
      pause(state);
    });
  }
  static void pause(const std::shared_ptr<State>& state) {
    state->retry.expires_after(std::chrono::seconds(1));
    state->retry.async_wait([state](const boost::system::error_code& cancelled) {
      if (!cancelled && state->take) accept(state);
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace latchkey
