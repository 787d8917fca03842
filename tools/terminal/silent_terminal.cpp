#include "tools/terminal/silent_terminal.h"

#include <fcntl.h>
#include <unistd.h>

namespace latchkey {

SilentTerminal::SilentTerminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
  if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
  auto silent = before_;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ready_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
}

SilentTerminal::~SilentTerminal() {
  if (ready_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  if (fd_ >= 0) ::close(fd_);
}

std::string SilentTerminal::ask(const std::string& prompt) const {
  say(prompt + ": ");
  std::string line;
  for (char c = 0; ::read(fd_, &c, 1) == 1 && c != '\n';) line += c;
  say("\n");
  return line;
}

void SilentTerminal::say(const std::string& text) const {
  if (::write(fd_, text.data(), text.size()) < 0) return;  // the answer is awaited all the same
}

}  // namespace latchkey
