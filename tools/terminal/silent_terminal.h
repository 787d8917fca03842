#pragma once

#include <termios.h>

#include <string>

namespace latchkey {

/// The controlling terminal with its echo off, for secrets.
class SilentTerminal {
 public:
  SilentTerminal();
  ~SilentTerminal();
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool ready() const { return ready_; }  ///< false: there is no terminal
  std::string ask(const std::string& prompt) const;

 private:
  void say(const std::string& text) const;

  int fd_;
  termios before_{};
  bool ready_ = false;
};

}  // namespace latchkey
