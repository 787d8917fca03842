#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace latchkey::tool {

enum class Access {
  owner,     ///< mode 0600: private keys
  everyone,  ///< mode 0644
};
enum class Existing {
  keep,     ///< refuse to overwrite: a lost private key cannot be had again
  replace,  ///< whole or not at all
};

inline constexpr std::size_t kMaxFile = 1024 * 1024;

/// At most `max` bytes. Error: `cannot-read`.
Result<std::string> read_file(const std::string& path, std::size_t max = kMaxFile);
/// Durable when it returns. With `replace`, a device or pipe of that name is written into. Errors:
/// `file-exists`, `cannot-write`.
Result<void> write_file(const std::string& path, std::string_view text, Access access,
                        Existing existing);

}  // namespace latchkey::tool
