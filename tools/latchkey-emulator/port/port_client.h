#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace latchkey::emulator {

/// Sends one command to a running emulator by any of its ports and waits at most 5 s: the answer,
/// one line of JSON. Errors: `emulator-unreachable`, and the emulator's own (Bench).
Result<std::string> send_command(const std::string& socket_path,
                                 const std::vector<std::string>& arguments);

}  // namespace latchkey::emulator
