#include "tools/latchkey-emulator/usbip/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "tools/latchkey-emulator/usbip/usbip_server.h"

namespace latchkey::emulator::usbip {
namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxQueued = std::size_t{1} << 20;

}  // namespace

Connection::Connection(UsbipServer& server, boost::asio::ip::tcp::socket socket)
    : server_(server),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      session_(server, [this](ByteView data) { send(data); }) {}

void Connection::start() {
  error_code ignored;  // an option less makes it slower, not wrong
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  read();
}

void Connection::close() {
  if (!socket_.is_open()) return;
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  server_.on_closed(shared_from_this());
}

void Connection::read() {
  socket_.async_read_some(boost::asio::buffer(arrived_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            if (error) return self->close();
                            self->on_data(size);
                          });
}

void Connection::on_data(std::size_t size) {
  ending_ = !session_.receive(ByteView(arrived_).first(size), Clock::now());
  after_use();
  if (ending_ && writing_.empty()) return close();
  if (!ending_ && socket_.is_open()) read();
}

void Connection::after_use() {
  server_.on_used(bus_id());
  const auto due = session_.next_due();
  if (!socket_.is_open() || !due) return;
  timer_.expires_at(*due);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->pump();
  });
}

void Connection::pump() {
  session_.pump(Clock::now());
  after_use();
}

void Connection::send(ByteView data) {
  if (!socket_.is_open()) return;
  if (queued_.size() + data.size() > kMaxQueued) return close();
  queued_.insert(queued_.end(), data.begin(), data.end());
  if (writing_.empty()) write();
}

void Connection::write() {
  writing_.swap(queued_);
  boost::asio::async_write(socket_, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return self->close();
                             self->writing_.clear();
                             if (!self->queued_.empty()) return self->write();
                             if (self->ending_) self->close();
                           });
}

}  // namespace latchkey::emulator::usbip
