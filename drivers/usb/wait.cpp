#include "drivers/usb/wait.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace latchkey {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

int poll_timeout(Deadline deadline) {
  const auto now = steady_clock::now();
  if (deadline <= now) return 0;
  const auto left = std::chrono::ceil<milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

}  // namespace

tl::expected<Wake, int> Wake::create() {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return tl::make_unexpected(errno);
  return Wake(std::move(event));
}

void Wake::signal() noexcept {
  // Fails only when the counter is full, that is, already readable.
  [[maybe_unused]] const int ignored = ::eventfd_write(event_.get(), 1);
}

KeyResult<void> wait_for(int fd, short events, const Wake& wake, Deadline deadline) {
  std::array<pollfd, 2> fds{{{fd, events, 0}, {wake.fd(), POLLIN, 0}}};
  for (;;) {
    const int ready = ::poll(fds.data(), fds.size(), poll_timeout(deadline));
    if (ready < 0 && errno != EINTR)
      return tl::make_unexpected(key_error_from_errno(errno, "poll"));
    if (ready > 0 && fds[1].revents != 0) return key_fail(KeyError::Kind::gone, "cancelled");
    if (ready > 0) return {};
    if (steady_clock::now() >= deadline) return key_fail(KeyError::Kind::timeout, "no answer");
  }
}

}  // namespace latchkey
