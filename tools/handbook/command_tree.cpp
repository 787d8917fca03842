#include "tools/handbook/command_tree.h"

#include <CLI/App.hpp>

namespace latchkey::handbook {
namespace {

std::vector<const CLI::App*> below(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// Every command has its own: they are told once, of the program.
bool is_help(const CLI::Option& option) {
  return option.check_lname("help") || option.check_lname("help-all");
}

void add_options(const CLI::App& app, Command& command) {
  for (const auto* option : app.get_options()) {
    if (app.get_parent() != nullptr && is_help(*option)) continue;
    (option->get_positional() ? command.positionals : command.options).push_back(option);
  }
  // A group of options is a command without a name.
  for (const auto* group : below(app))
    if (group->get_name().empty()) add_options(*group, command);
}

void add_commands(const CLI::App& app, const std::string& path, std::vector<Command>& all) {
  Command command{path, app.get_description(), {}, {}, {}};
  add_options(app, command);
  for (const auto* child : below(app))
    if (!child->get_name().empty()) command.children.push_back(child->get_name());
  all.push_back(std::move(command));
  for (const auto* child : below(app))
    if (!child->get_name().empty())
      add_commands(*child, path.empty() ? child->get_name() : path + ' ' + child->get_name(), all);
}

}  // namespace

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> all;
  add_commands(app, "", all);
  return all;
}

}  // namespace latchkey::handbook
