#pragma once

#include <csignal>
#include <ctime>

namespace latchkey::client {

/// While it lives, this thread gets no SIGPIPE: OpenSSL writes with write(2), and the signal would
/// be the application's. One that came meanwhile is dropped.
class QuietPipe {
 public:
  QuietPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1) return;  // somebody else's: leave it
    active_ = ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_) == 0;
  }
  ~QuietPipe() {
    if (!active_) return;
    const timespec at_once{};
    while (::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  QuietPipe(const QuietPipe&) = delete;
  QuietPipe& operator=(const QuietPipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool active_ = false;
};

}  // namespace latchkey::client
