#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace latchkey::net {

/// Splits a request target in origin form (RFC 9112 3.2.1) into `path` and `query`, both
/// percent-decoded; `+` in a query is a space. Hostile input: at most 32 parameters; control
/// characters, malformed escapes and anything but origin form are refused with `bad-request`. The
/// out parameters keep their capacity between calls.
Result<void> parse_target(std::string_view target, std::string& path,
                          std::vector<std::pair<std::string, std::string>>& query);

}  // namespace latchkey::net
