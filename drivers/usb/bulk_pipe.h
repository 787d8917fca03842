#pragma once

#include <cstddef>

#include "core/ports.h"

namespace latchkey {

/// The CCID interface of one USB device: its two bulk endpoints and nothing else of the device.
/// One thread, but `cancel` from any. Errors: `gone` (unplugged or cancelled), `busy` (another
/// program has claimed the interface), `no_permission`, `timeout`, `protocol`.
class BulkPipe {
 public:
  virtual ~BulkPipe() = default;
  /// The CCID class descriptor (CCID 1.1 section 5.1), 54 bytes.
  virtual ByteView class_descriptor() const = 0;
  virtual KeyResult<void> claim(Deadline deadline) = 0;
  virtual void release() noexcept = 0;
  /// One bulk transfer out, with the zero-length packet when the size is a multiple of the packet.
  virtual KeyResult<void> write(ByteView message, Deadline deadline) = 0;
  /// One bulk transfer in, ended by a short packet; at most `limit` bytes.
  virtual KeyResult<Bytes> read(std::size_t limit, Deadline deadline) = 0;
  /// Ends the running and every later call with `gone`, promptly.
  virtual void cancel() noexcept = 0;
};

}  // namespace latchkey
