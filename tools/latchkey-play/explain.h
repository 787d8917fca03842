#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/deployment/fold.h"

namespace latchkey::play {

/// One output line: at, node, state, reason, key, usable, buffer_until, entries_until; null for
/// what there is not.
std::string answer_line(std::string_view at, std::string_view node, const Decision& decision);

/// Exported facts: what `latchkey record list --json` prints, or one fact a line.
Result<std::vector<Fact>> read_facts(std::istream& in);

/// What the node `config.self` knew at `at`: the facts it wrote, and those of others, up to then.
Decision decide_at(const std::vector<Fact>& facts, const FoldConfig& config, Time at);

/// The nodes that wrote facts, sorted.
std::vector<std::string> nodes_of(const std::vector<Fact>& facts);

/// One line for each node whenever its answer changed, fact by fact.
void explain(const std::vector<Fact>& facts, Duration settle, std::ostream& out);

}  // namespace latchkey::play
