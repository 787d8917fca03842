#pragma once

#include <string>

namespace CLI {
class App;
}

// What a package has beside a program, made from the program's own commands: it cannot go stale.
namespace latchkey::handbook {

/// A manual page of section 1 in man(7): every command with its options. `tail`, which is man(7)
/// too, has what the commands do not say of themselves: exit status, files, see also.
std::string man_page(const CLI::App& app, const std::string& version, const std::string& tail);

/// A completion for bash: the commands below the one that was typed, and its options; where there
/// are none, file names.
std::string bash_completion(const CLI::App& app);

}  // namespace latchkey::handbook
