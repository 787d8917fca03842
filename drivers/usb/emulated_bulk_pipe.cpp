#include "drivers/usb/emulated_bulk_pipe.h"

namespace latchkey {

KeyResult<std::unique_ptr<BulkPipe>> EmulatedBulkPipe::open(const std::string& node) {
  auto wake = Wake::create();
  if (!wake) return tl::make_unexpected(key_error_from_errno(wake.error(), "eventfd"));
  std::unique_ptr<EmulatedBulkPipe> pipe(new EmulatedBulkPipe(node, std::move(*wake)));
  LK_CHECK(pipe->connect(std::chrono::steady_clock::now() + EmulatedSocket::kOpenTime));
  pipe->release();
  return pipe;
}

KeyResult<void> EmulatedBulkPipe::connect(Deadline deadline) {
  LK_TRY(socket_, EmulatedSocket::open(node_, wake_, deadline));
  descriptor_ = socket_->descriptor();
  return {};
}

KeyResult<void> EmulatedBulkPipe::claim(Deadline deadline) {
  if (socket_) return {};
  return connect(deadline);
}

KeyResult<void> EmulatedBulkPipe::write(ByteView message, Deadline deadline) {
  if (!socket_) return key_fail(KeyError::Kind::protocol, "the key has not been claimed");
  return socket_->send(message, wake_, deadline);
}

KeyResult<Bytes> EmulatedBulkPipe::read(std::size_t limit, Deadline deadline) {
  if (!socket_) return key_fail(KeyError::Kind::protocol, "the key has not been claimed");
  return socket_->receive(limit, wake_, deadline);
}

}  // namespace latchkey
