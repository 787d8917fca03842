#include "tools/latchkey-emulator/port/port_connection.h"

#include <poll.h>

#include <cerrno>

#include "drivers/usb/unix_socket.h"
#include "tools/latchkey-emulator/port/port_server.h"

namespace latchkey::emulator {
namespace {

constexpr std::size_t kPacketLimit = 4096;
constexpr int kPacketsPerTurn = 64;

}  // namespace

void PortConnection::wait() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->receive();
                     });
}

void PortConnection::receive() {
  for (int i = 0; i < kPacketsPerTurn && socket_.is_open(); ++i) {
    const auto packet = receive_packet(socket_.native_handle(), kPacketLimit);
    if (!packet && packet.error() == EINTR) continue;
    if (!packet && packet.error() == EAGAIN) break;
    if (!packet || packet->empty()) return close();
    if (role == Role::fresh)
      server_.on_first_packet(shared_from_this(), *packet);
    else if (role == Role::open)
      server_.on_transfer(*this, *packet);
  }
  if (socket_.is_open()) wait();
}

void PortConnection::send(ByteView packet) {
  if (socket_.is_open() && send_packet(socket_.native_handle(), packet) != 0) close();
}

bool PortConnection::hung_up() {
  pollfd state{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;
}

void PortConnection::close() {
  if (!socket_.is_open()) return;
  socket_.close();
  server_.on_closed(shared_from_this());
}

}  // namespace latchkey::emulator
