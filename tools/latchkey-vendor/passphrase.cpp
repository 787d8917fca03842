#include "tools/latchkey-vendor/passphrase.h"

#include <cstdlib>
#include <fstream>

#include "tools/files/files.h"
#include "tools/terminal/silent_terminal.h"

namespace latchkey::vendor {
namespace {

Result<std::string> from_terminal(const std::string& purpose, Asking asking) {
  const SilentTerminal terminal;
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
    LK_TRY(const auto text, tool::read_file(file));
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
