#pragma once

#include <string>

#include "core/base/result.h"

namespace latchkey::vendor {

enum class Asking {
  once,   ///< to open a key
  twice,  ///< to set one: a slip would lock the key for good
};

/// From `file` (its first line) if named, else the environment's LATCHKEY_PASSPHRASE, else the
/// terminal without echo. Errors: `cannot-read`, `no-passphrase`, `empty-passphrase`,
/// `passphrases-differ`.
Result<std::string> get_passphrase(const std::string& file, const std::string& purpose,
                                   Asking asking);

}  // namespace latchkey::vendor
