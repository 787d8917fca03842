#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "agent/net/stream.h"

namespace latchkey::net {

/// Waits and closes, as both kinds of stream do; `Socket` is one of Asio's stream sockets,
/// non-blocking. Includes Asio: for this room's .cpp files and its tests only.
template <class Socket>
class SocketStream : public Stream {
 public:
  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {}

  void wait(Ready what, std::shared_ptr<StreamUser> user) override {
    socket_.async_wait(what == Ready::read ? Socket::wait_read : Socket::wait_write,
                       [user = std::move(user), what](const boost::system::error_code& error) {
                         user->on_ready(what, !error);
                       });
  }
  /// In the reactor's next turn.
  template <class Call>
  void post(Call call) {
    boost::asio::post(socket_.get_executor(), std::move(call));
  }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 protected:
  Socket socket_;
};

/// The bytes as they are. Waiting to read, it reads up to `Ahead` bytes: Asio waits for mere
/// readiness with a system call more, which is 4 % of a status query. Until then its user keeps it
/// alive.
template <class Socket, std::size_t Ahead = 4096>
class PlainStream : public SocketStream<Socket> {
 public:
  using SocketStream<Socket>::SocketStream;

  void wait(Ready what, std::shared_ptr<StreamUser> user) override {
    if (what == Ready::write) return SocketStream<Socket>::wait(what, std::move(user));
    this->socket_.async_read_some(
        boost::asio::buffer(ahead_),
        [this, user = std::move(user)](const boost::system::error_code& error, std::size_t size) {
          if (error != boost::asio::error::operation_aborted) {
            begin_ = 0;
            end_ = size;
          }
          user->on_ready(Ready::read, !error);
        });
  }
  Stream::Io read_some(std::span<char> into) override {
    if (begin_ < end_) return take(into);
    boost::system::error_code error;
    const auto size = this->socket_.read_some(boost::asio::buffer(into.data(), into.size()), error);
    return outcome(error, size, Stream::Io::State::needs_read);
  }
  Stream::Io write_some(std::string_view head, std::string_view body) override {
    const std::array<boost::asio::const_buffer, 2> parts{
        boost::asio::buffer(head.data(), head.size()),
        boost::asio::buffer(body.data(), body.size())};
    boost::system::error_code error;
    const auto size = this->socket_.write_some(parts, error);
    return outcome(error, size, Stream::Io::State::needs_write);
  }

 private:
  Stream::Io take(std::span<char> into) {
    const auto size = std::min(into.size(), end_ - begin_);
    std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(begin_), size, into.begin());
    begin_ += size;
    return {Stream::Io::State::some, size};
  }
  static Stream::Io outcome(const boost::system::error_code& error, std::size_t size,
                            Stream::Io::State blocked) {
    if (!error) return {Stream::Io::State::some, size};
    return {error == boost::asio::error::would_block ? blocked : Stream::Io::State::closed, 0};
  }

  std::array<char, Ahead> ahead_;
  std::size_t begin_ = 0, end_ = 0;  ///< of ahead_, what nobody took yet
};

}  // namespace latchkey::net
