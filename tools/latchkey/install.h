#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/latchkey/context.h"

namespace latchkey::cli {

/// Sends the file to the route, and says what became of each document and which node has it (SPEC
/// LIC-6, LIC-10). `-`: standard input.
void install_file(Context& context, const std::string& file, const std::string& path);

/// Which node has a change, in these words (SPEC LIC-10).
void print_nodes(Context& context, const nlohmann::json& answer, const char* has,
                 const char* has_not);
/// `this deployment` or `key LK-…`
std::string bound_to(const nlohmann::json& license);
/// A line for each entry of a license.
void print_entries(std::ostream& out, const nlohmann::json& license);

}  // namespace latchkey::cli
