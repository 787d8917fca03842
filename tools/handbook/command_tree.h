#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace latchkey::handbook {

/// One command of a program: the program itself, `key`, `key id`.
struct Command {
  std::string path;  ///< without the program's name; empty: the program itself
  std::string about;
  std::vector<const CLI::Option*> options;      ///< in the order in which they were added
  std::vector<const CLI::Option*> positionals;  ///< the same
  std::vector<std::string> children;            ///< names of the commands below it
};

/// Every command, each before those below it. The options live as long as `app`.
std::vector<Command> commands_of(const CLI::App& app);

}  // namespace latchkey::handbook
