#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace latchkey::vendor {

/// The whole program: `arguments` without its own name. Exit codes: 0 done (for `verify`:
/// verified), 1 refused or failed, 2 wrong usage.
int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err, Time now);

}  // namespace latchkey::vendor
