#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace latchkey::cli {

/// What a program of the system writes to its standard output, at most `most` bytes. Its standard
/// input and error are /dev/null; it is ended when `patience` is over. Errors: `no-program`,
/// `program-failed` (another exit code than 0, too slow, too long).
Result<std::string> output_of(const std::vector<std::string>& command, std::size_t most,
                              std::chrono::milliseconds patience = std::chrono::seconds(20));

}  // namespace latchkey::cli
