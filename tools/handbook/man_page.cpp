#include <CLI/App.hpp>
#include <algorithm>
#include <sstream>

#include "tools/handbook/command_tree.h"
#include "tools/handbook/handbook.h"

namespace latchkey::handbook {
namespace {

/// Text as roff takes it: no character of it is a request, hyphens can be copied.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '.' && (out.empty() || out.back() == '\n'))
      out += "\\&.";
    else
      out += c;
  }
  return out;
}

std::string sentence(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (!text.empty() && std::string(".;:)").find(text.back()) == std::string::npos) text += '.';
  return roff(text);
}

/// `-o, --output FILE`
std::string heading_of(const CLI::Option& option) {
  std::string out;
  for (const auto& name : option.get_snames()) out += (out.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) out += (out.empty() ? "--" : ", --") + name;
  out = "\\fB" + roff(out) + "\\fR";
  if (option.get_items_expected_max() > 0) out += " \\fI" + roff(option.get_type_name()) + "\\fR";
  return out;
}

void write_option(const CLI::Option& option, std::ostream& out) {
  out << ".TP\n" << heading_of(option) << '\n' << sentence(option.get_description()) << '\n';
  if (option.get_required()) out << "Required.\n";
  if (!option.get_default_str().empty())
    out << "Default: " << roff(option.get_default_str()) << ".\n";
  if (!option.get_envname().empty())
    out << "Also from the environment: \\fB" << roff(option.get_envname()) << "\\fR.\n";
}

void write_synopsis(const CLI::App& app, const Command& command, std::ostream& out) {
  out << "\\fB" << roff(app.get_name());
  if (!command.path.empty()) out << ' ' << roff(command.path);
  out << "\\fR";
  if (!command.options.empty()) out << " [\\fIOPTION\\fR]...";
  if (!command.children.empty()) out << " \\fICOMMAND\\fR";
  for (const auto* positional : command.positionals) {
    const bool many = positional->get_items_expected_max() > 1;
    const auto name = "\\fI" + roff(positional->get_name()) + "\\fR" + (many ? "..." : "");
    out << ' ' << (positional->get_required() ? name : '[' + name + ']');
  }
  out << '\n';
}

void write_command(const CLI::App& app, const Command& command, std::ostream& out) {
  if (command.path.empty()) return;
  out << ".SS " << roff(command.path) << '\n';
  write_synopsis(app, command, out);
  out << ".PP\n" << sentence(command.about) << '\n';
  for (const auto* positional : command.positionals)
    if (!positional->get_description().empty())
      out << ".TP\n\\fI" << roff(positional->get_name()) << "\\fR\n"
          << sentence(positional->get_description()) << '\n';
  for (const auto* option : command.options) write_option(*option, out);
}

}  // namespace

std::string man_page(const CLI::App& app, const std::string& version, const std::string& tail) {
  const auto commands = commands_of(app);
  std::string title = app.get_name();
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
  std::ostringstream out;
  out << ".\\\" Made from the program's own commands; the end is written by hand.\n"
      << ".TH " << roff(title) << " 1 \"\" \"Latchkey " << version << "\" \"Latchkey\"\n"
      << ".SH NAME\n"
      << roff(app.get_name()) << " \\- " << roff(app.get_description()) << '\n'
      << ".SH SYNOPSIS\n";
  write_synopsis(app, commands.front(), out);
  out << ".SH OPTIONS\nThese may stand before or after a command.\n";
  for (const auto* option : commands.front().options) write_option(*option, out);
  out << ".SH COMMANDS\n";
  for (const auto& command : commands) write_command(app, command, out);
  out << tail;
  return out.str();
}

}  // namespace latchkey::handbook
