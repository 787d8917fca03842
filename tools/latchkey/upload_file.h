#pragma once

#include <string>

#include "core/base/result.h"

namespace latchkey::cli {

/// What an administrator uploads: the bytes of `file`, or of standard input for `-`, at most what
/// the agent takes in one request. Errors: `unreadable-file`, `invalid-format` (too large).
Result<std::string> read_upload(const std::string& file);

}  // namespace latchkey::cli
