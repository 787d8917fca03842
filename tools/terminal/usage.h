#pragma once

#include <CLI/App.hpp>

#include "core/base/result.h"

namespace latchkey {

/// What people and scripts are told of a command line that CLI11 refused: code `usage`, what is
/// wrong with it, and whose `--help` says how it is written. After `app.parse()` threw `refused`.
Error usage_error(const CLI::App& app, const CLI::ParseError& refused);

}  // namespace latchkey
