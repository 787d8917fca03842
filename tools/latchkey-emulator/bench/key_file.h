#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

// One JSON file per emulated key, readable by its owner only.
namespace latchkey::emulator {

/// Error: `state-unreadable`.
Result<std::string> load_key_file(const std::filesystem::path& path);

/// Replaces the file so that power loss at any instant leaves the old or the new one. Error:
/// `state-unwritable`.
Result<void> save_key_file(const std::filesystem::path& path, std::string_view text);

}  // namespace latchkey::emulator
