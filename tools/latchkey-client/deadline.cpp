#include "tools/latchkey-client/deadline.h"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace latchkey::client {

Instant boot_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::duration_cast<Instant>(std::chrono::nanoseconds(now.tv_nsec));
}

bool wait_for(int fd, short events, const Patience& patience) {
  constexpr Instant kLongest{60'000};  // poll() takes an int; the loop goes on
  std::array<pollfd, 2> watched{{{fd, events, 0}, {patience.cancel, POLLIN, 0}}};
  for (;;) {
    const auto left = patience.until - boot_now();
    if (left <= Instant(0)) return false;
    const int ready =
        ::poll(watched.data(), watched.size(), static_cast<int>(std::min(left, kLongest).count()));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    if (watched[1].revents != 0) return false;
    if (watched[0].revents != 0) return true;
  }
}

}  // namespace latchkey::client
