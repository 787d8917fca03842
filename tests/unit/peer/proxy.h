#pragma once

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "agent/peer/transport.h"

namespace latchkey::test {

/// A network between two nodes that can be cut: frozen (packets vanish) or reset (connections
/// break).
class Proxy {
 public:
  using Tcp = boost::asio::ip::tcp;

  Proxy(boost::asio::io_context& io, const std::string& target)
      : io_(io), acceptor_(io, Tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)) {
    const auto parts = split_address(target).value();
    target_ = Tcp::endpoint(boost::asio::ip::make_address(parts.host),
                            static_cast<std::uint16_t>(std::stoi(parts.port)));
    accept();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  void freeze(bool frozen) {
    frozen_ = frozen;
    // What froze never thaws: the two ends have given it up by then.
    if (!frozen) reset();
  }
  void reset() {
    for (const auto& pipe : pipes_) {
      boost::system::error_code ignored;
      pipe->near.close(ignored);
      pipe->far.close(ignored);
    }
    pipes_.clear();
  }
  int connections() const { return connections_; }

 private:
  struct Pipe {
    Tcp::socket near;
    Tcp::socket far;
    std::array<char, 16384> up{};
    std::array<char, 16384> down{};
  };
  using PipePtr = std::shared_ptr<Pipe>;

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, Tcp::socket socket) {
      if (error) return;
      if (!frozen_) open(std::move(socket));
      accept();
    });
  }
  void open(Tcp::socket socket) {
    ++connections_;
    auto pipe = std::make_shared<Pipe>(std::move(socket), Tcp::socket(io_));
    boost::system::error_code error;
    pipe->far.connect(target_, error);
    if (error) return;
    pipes_.push_back(pipe);
    pump(pipe, pipe->near, pipe->far, pipe->up);
    pump(pipe, pipe->far, pipe->near, pipe->down);
  }
  void pump(const PipePtr& pipe, Tcp::socket& from, Tcp::socket& to,
            std::array<char, 16384>& room) {
    from.async_read_some(
        boost::asio::buffer(room),
        [this, pipe, &from, &to, &room](boost::system::error_code error, std::size_t size) {
          if (frozen_) return;
          if (!error) boost::asio::write(to, boost::asio::buffer(room, size), error);
          if (error) return shut(to);
          pump(pipe, from, to, room);
        });
  }
  static void shut(Tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.shutdown(Tcp::socket::shutdown_send, ignored);
  }

  boost::asio::io_context& io_;
  Tcp::acceptor acceptor_;
  Tcp::endpoint target_;
  std::vector<PipePtr> pipes_;
  bool frozen_ = false;
  int connections_ = 0;
};

}  // namespace latchkey::test
