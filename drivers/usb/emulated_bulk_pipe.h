#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drivers/usb/bulk_pipe.h"
#include "drivers/usb/emulated_socket.h"

namespace latchkey {

/// A CCID key on an emulated port: one bulk transfer per packet. Claiming is connecting, so that a
/// port can tell who holds the key.
class EmulatedBulkPipe final : public BulkPipe {
 public:
  /// `node` is "<socket path>#<key name>". Waits at most a second for the port's answer.
  static KeyResult<std::unique_ptr<BulkPipe>> open(const std::string& node);

  ByteView class_descriptor() const override { return descriptor_; }
  KeyResult<void> claim(Deadline deadline) override;
  void release() noexcept override { socket_.reset(); }
  KeyResult<void> write(ByteView message, Deadline deadline) override;
  KeyResult<Bytes> read(std::size_t limit, Deadline deadline) override;
  void cancel() noexcept override { wake_.signal(); }

 private:
  EmulatedBulkPipe(std::string node, Wake wake) : node_(std::move(node)), wake_(std::move(wake)) {}
  KeyResult<void> connect(Deadline deadline);

  std::string node_;
  Wake wake_;
  std::optional<EmulatedSocket> socket_;  ///< while claimed
  Bytes descriptor_;
};

}  // namespace latchkey
