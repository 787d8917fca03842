#include "tools/latchkey-vendor/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tools/latchkey-vendor/files.h"

namespace latchkey::vendor {
namespace {

/// The controlling terminal with its echo off.
class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ready_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  ~Terminal() {
    if (ready_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool ready() const { return ready_; }
  std::string ask(const std::string& prompt) const {
    say(prompt + ": ");
    std::string line;
    for (char c = 0; ::read(fd_, &c, 1) == 1 && c != '\n';) line += c;
    say("\n");
    return line;
  }

 private:
  void say(const std::string& text) const {
    if (::write(fd_, text.data(), text.size()) < 0) return;  // the answer is awaited all the same
  }

  int fd_;
  termios before_{};
  bool ready_ = false;
};

Result<std::string> from_terminal(const std::string& purpose, Asking asking) {
  const Terminal terminal;
  if (!terminal.ready())
    return fail("no-passphrase", "There is no terminal to ask for a passphrase.",
                "Give --passphrase-file, or set LATCHKEY_PASSPHRASE.");
  auto first = terminal.ask("Passphrase of " + purpose);
  if (asking == Asking::twice && terminal.ask("Once more") != first)
    return fail("passphrases-differ", "The two passphrases differ.", "Try again.");
  return first;
}

Result<std::string> from_anywhere(const std::string& file, const std::string& purpose,
                                  Asking asking) {
  if (!file.empty()) {
    LK_TRY(const auto text, read_file(file));
    return text.substr(0, text.find_first_of("\r\n"));
  }
  if (const char* text = std::getenv("LATCHKEY_PASSPHRASE")) return std::string(text);
  return from_terminal(purpose, asking);
}

}  // namespace

Result<std::string> get_passphrase(const std::string& file, const std::string& purpose,
                                   Asking asking) {
  LK_TRY(auto passphrase, from_anywhere(file, purpose, asking));
  if (passphrase.empty())
    return fail("empty-passphrase", "The passphrase is empty.", "Give a passphrase.");
  return passphrase;
}

}  // namespace latchkey::vendor
