#pragma once

#include <string>
#include <string_view>

namespace latchkey::cli {

/// Colour, on a terminal only.
struct Style {
  bool colour = false;

  std::string good(std::string_view text) const { return wrap("\033[32m", text); }
  std::string warn(std::string_view text) const { return wrap("\033[33m", text); }
  std::string bad(std::string_view text) const { return wrap("\033[31m", text); }
  std::string bold(std::string_view text) const { return wrap("\033[1m", text); }

 private:
  std::string wrap(std::string_view code, std::string_view text) const;
};

/// True when standard output is a terminal and NO_COLOR (no-color.org) is not set.
bool wants_colour();

/// What comes from a key, a peer or a socket, made safe to print: no control characters.
std::string printable(std::string_view text);

}  // namespace latchkey::cli
