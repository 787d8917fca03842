#include "tools/latchkey/password.h"

#include <cstdlib>

#include "tools/terminal/silent_terminal.h"

namespace latchkey::cli {

Result<std::string> new_password() {
  if (const char* given = std::getenv("LATCHKEY_PASSWORD")) return std::string(given);
  const SilentTerminal terminal;
  if (!terminal.ready())
    return fail("no-password", "There is no terminal to ask for a password.",
                "Set LATCHKEY_PASSWORD.");
  auto first = terminal.ask("Password");
  if (terminal.ask("Once more") != first)
    return fail("no-password", "The two passwords differ.", "Try again.");
  return first;
}

}  // namespace latchkey::cli
