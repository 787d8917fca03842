#include "tools/terminal/usage.h"

namespace latchkey {
namespace {

/// Down to the last command that was understood.
std::pair<const CLI::App*, std::string> reached(const CLI::App& app) {
  const CLI::App* at = &app;
  std::string path = app.get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += ' ' + at->get_name();
  }
  return {at, path};
}

/// CLI11 says only that a command is missing, also when one was misspelt.
std::string unknown_word(const CLI::App& app) {
  for (const auto& word : app.remaining(true))
    if (!word.starts_with('-')) return word;
  return {};
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& refused) {
  const auto [command, path] = reached(app);
  const bool wants_command = command->get_require_subcommand_min() > 0;
  const auto word = wants_command ? unknown_word(app) : std::string();
  const auto cure = "`" + path + " --help` " +
                    (wants_command ? "lists its commands." : "says how it is written.");
  if (wants_command && word.empty()) return {"usage", "`" + path + "` wants a command.", cure};
  if (!word.empty()) return {"usage", "`" + path + "` has no command `" + word + "`.", cure};
  return {"usage", std::string(refused.what()) + ".", cure};
}

}  // namespace latchkey
