#include "drivers/usb/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

namespace latchkey {

tl::expected<Fd, int> connect_seqpacket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return tl::make_unexpected(ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return tl::make_unexpected(errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return tl::make_unexpected(errno);
  return fd;
}

int send_packet(int fd, ByteView packet) {
  const auto sent = ::send(fd, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? errno : 0;
}

tl::expected<Bytes, int> receive_packet(int fd, std::size_t limit) {
  Bytes packet(limit);
  const auto size = ::recv(fd, packet.data(), packet.size(), MSG_DONTWAIT | MSG_TRUNC);
  // The kernel drops unread packets of a peer that closed abruptly and says so once: that is an
  // end, too.
  if (size < 0 && errno == ECONNRESET) return Bytes{};
  if (size < 0) return tl::make_unexpected(errno);
  if (static_cast<std::size_t>(size) > limit) return tl::make_unexpected(EMSGSIZE);
  packet.resize(static_cast<std::size_t>(size));
  return packet;
}

}  // namespace latchkey
