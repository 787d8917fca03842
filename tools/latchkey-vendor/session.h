#pragma once

#include <ostream>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey::vendor {

/// What every verb works with; it leaves its outcome here.
struct Session {
  std::ostream& out;
  Time now;
  std::string passphrase_file;
  Result<void> outcome;
};

}  // namespace latchkey::vendor
