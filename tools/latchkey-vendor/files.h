#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace latchkey::vendor {

enum class Access {
  owner,     ///< mode 0600: private keys
  everyone,  ///< mode 0644
};
enum class Existing {
  keep,     ///< refuse to overwrite: a lost private key cannot be had again
  replace,  ///< whole or not at all
};

/// At most 1 MiB. Error: `cannot-read`.
Result<std::string> read_file(const std::string& path);
/// Durable when it returns. Errors: `file-exists`, `cannot-write`.
Result<void> write_file(const std::string& path, std::string_view text, Access access,
                        Existing existing);

}  // namespace latchkey::vendor
