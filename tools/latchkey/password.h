#pragma once

#include <string>

#include "core/base/result.h"

namespace latchkey::cli {

/// LATCHKEY_PASSWORD, else asked for twice on the terminal, without echo. Error: `no-password`.
Result<std::string> new_password();

}  // namespace latchkey::cli
