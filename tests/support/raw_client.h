#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace latchkey::test {

/// A client that says exactly the bytes it is told to, right or wrong. Each wait ends after 5 s.
class RawClient {
 public:
  explicit RawClient(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  bool send(std::string_view bytes) const {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// Reads until `marker` has come, the server closes, or patience ends; returns all that came.
  std::string read_until(std::string_view marker) {
    std::string text;
    while (marker.empty() || text.find(marker) == std::string::npos)
      if (!read_more(text)) break;
    return text;
  }
  std::string read_to_end() { return read_until(""); }

  /// One whole answer with a Content-Length.
  std::string read_answer() {
    std::string text;
    for (;;) {
      const auto end = text.find("\r\n\r\n");
      const auto field = text.find("Content-Length: ");
      if (end != std::string::npos && field < end &&
          text.size() >= end + 4 + std::stoul(text.substr(field + 16)))
        return text;
      if (!read_more(text)) return text;
    }
  }
  /// A server that refuses a connection may have answered and closed before it was asked.
  std::string ask(std::string_view bytes) {
    send(bytes);
    return read_answer();
  }
  /// True when the server has closed the connection, rather than staying silent.
  bool closed_by_server() {
    std::string text;
    while (read_more(text)) text.clear();
    return last_ == 0 || errno == ECONNRESET;
  }

 private:
  bool read_more(std::string& text) {
    std::array<char, 4096> buffer;
    last_ = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (last_ > 0) text.append(buffer.data(), static_cast<std::size_t>(last_));
    return last_ > 0;
  }

  int fd_;
  bool connected_ = false;
  ssize_t last_ = 0;
};

}  // namespace latchkey::test
