#pragma once

#include <filesystem>

#include "tools/latchkey-emulator/device/key_state.h"

// One JSON file per emulated key, readable by its owner only.
namespace latchkey::emulator {

/// Errors: `state-unreadable`, and those of parse_key_state.
Result<KeyState> load_key_file(const std::filesystem::path& path);

/// Replaces the file so that power loss at any instant leaves the old or the new one. Error:
/// `state-unwritable`.
Result<void> save_key_file(const std::filesystem::path& path, const KeyState& state);

}  // namespace latchkey::emulator
