#pragma once

#include <string>

#include "drivers/usb/wait.h"

namespace latchkey {

/// One key of an emulated port, opened: a Unix SOCK_SEQPACKET socket whose packets are what the
/// key's endpoints would carry, closed when it is unplugged. Errors: `gone`, `busy`,
/// `no_permission`, `timeout`, `protocol`. `wake` ends a waiting call with `gone`.
class EmulatedSocket {
 public:
  /// How long a port may take to answer where no deadline is given.
  static constexpr std::chrono::seconds kOpenTime{1};

  /// `node` is "<socket path>#<key name>".
  static KeyResult<EmulatedSocket> open(const std::string& node, const Wake& wake,
                                        Deadline deadline);

  KeyResult<void> send(ByteView packet, const Wake& wake, Deadline deadline);
  /// Never empty; a packet longer than `limit` is an error.
  KeyResult<Bytes> receive(std::size_t limit, const Wake& wake, Deadline deadline);
  /// The class descriptor that a CCID key came with; empty for others.
  const Bytes& descriptor() const { return descriptor_; }

 private:
  explicit EmulatedSocket(Fd socket) : socket_(std::move(socket)) {}
  KeyResult<void> read_answer(ByteView packet);

  Fd socket_;
  Bytes descriptor_;
};

}  // namespace latchkey
