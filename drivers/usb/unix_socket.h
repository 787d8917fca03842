#pragma once

#include <unistd.h>

#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace latchkey {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// A non-blocking SOCK_SEQPACKET connection to an emulated port. On failure: the errno.
tl::expected<Fd, int> connect_seqpacket(const std::string& path);

/// Sends one packet without blocking; 0 or an errno.
int send_packet(int fd, ByteView packet);

/// Receives one packet without blocking: its bytes (empty: the other side closed), or an errno. A
/// packet longer than `limit` is EMSGSIZE.
tl::expected<Bytes, int> receive_packet(int fd, std::size_t limit);

}  // namespace latchkey
