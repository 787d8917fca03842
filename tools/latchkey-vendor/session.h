#pragma once

#include <ostream>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey::vendor {

/// What every verb works with; it leaves its outcome here.
struct Session {
  std::ostream& out;
  std::ostream& err;
  Time now;
  std::string passphrase_file;
  std::string catalog;  ///< file; empty: the built-in one
  Result<void> outcome;
};

}  // namespace latchkey::vendor
