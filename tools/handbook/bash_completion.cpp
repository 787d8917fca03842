#include <CLI/App.hpp>
#include <algorithm>
#include <sstream>

#include "tools/handbook/command_tree.h"
#include "tools/handbook/handbook.h"

namespace latchkey::handbook {
namespace {

void add_word(std::string& words, const std::string& word) {
  words += (words.empty() ? "" : " ") + word;
}

std::string option_words(const Command& command) {
  std::string words;
  for (const auto* option : command.options)
    for (const auto& name : option->get_lnames()) add_word(words, "--" + name);
  return words;
}

/// Names of the options of all commands that take a value: the word after one is no command.
std::string value_options(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const auto& command : commands)
    for (const auto* option : command.options) {
      if (option->get_items_expected_max() == 0) continue;
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
      for (const auto& name : option->get_snames()) names.push_back("-" + name);
    }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : " | ") + name;
  return out;
}

/// All of them, as a pattern of `case`.
std::string paths(const std::vector<Command>& commands) {
  std::string out;
  for (const auto& command : commands)
    if (!command.path.empty()) out += (out.empty() ? "'" : " | '") + command.path + "'";
  return out;
}

/// What may follow each command, as the branches of a `case`.
std::string branches(const std::vector<Command>& commands) {
  std::string out;
  for (const auto& command : commands) {
    std::string children;
    for (const auto& child : command.children) add_word(children, child);
    out += "    '" + command.path + "') commands='" + children + "' options='" +
           option_words(command) + "' ;;\n";
  }
  return out;
}

constexpr const char* kWords = R"(  local word command='' value='' commands='' options='' i
  local current=${COMP_WORDS[COMP_CWORD]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [ -z "$value" ] || { value=''; continue; }
    case "$word" in
)";
constexpr const char* kReply = R"(  case "$current" in
    -*) commands="$options $shared" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
}
)";

}  // namespace

std::string bash_completion(const CLI::App& app) {
  const auto commands = commands_of(app);
  std::string function = "_" + app.get_name();
  std::ranges::replace(function, '-', '_');
  std::ostringstream out;
  out << "# bash completion for " << app.get_name() << ", made from its own commands\n"
      << function << "() {\n"
      << "  local shared='" << option_words(commands.front()) << "'\n"
      << kWords << "      " << value_options(commands) << ") value=1; continue ;;\n"
      << "      -*) continue ;;\n"
      << "    esac\n"
      << "    case \"$command${command:+ }$word\" in\n"
      << "      " << paths(commands) << ") command+=${command:+ }$word ;;\n"
      << "    esac\n  done\n  COMPREPLY=()\n  [ -z \"$value\" ] || return\n"
      << "  case \"$command\" in\n"
      << branches(commands) << "  esac\n"
      << kReply << "complete -o default -F " << function << ' ' << app.get_name() << '\n';
  return out.str();
}

}  // namespace latchkey::handbook
