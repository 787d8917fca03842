#pragma once

#include "drivers/usb/report_pipe.h"
#include "drivers/usb/unix_socket.h"

namespace latchkey {

/// Wakes a thread that waits in `wait_for`, for good: how a pipe is cancelled from another thread.
class Wake {
 public:
  /// On failure: the errno.
  static tl::expected<Wake, int> create();
  void signal() noexcept;
  int fd() const { return event_.get(); }

 private:
  explicit Wake(Fd event) : event_(std::move(event)) {}
  Fd event_;
};

/// Waits until `fd` is ready for `events` (poll(2)) or has failed, which the next read or write
/// tells. Errors: `gone` (woken), `timeout`. A deadline that has passed asks without waiting.
KeyResult<void> wait_for(int fd, short events, const Wake& wake, Deadline deadline);

}  // namespace latchkey
