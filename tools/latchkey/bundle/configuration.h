#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/latchkey/bundle/bundle.h"

namespace latchkey::cli {

/// The keys of the agent's configuration that a bundle shows with their values; of any other only
/// the name. None of them holds a secret: those that concern one name its file.
std::span<const std::string_view> told_settings();

/// What the configuration file sets, without its comments, and the files that it names.
struct Settings {
  std::string text;  ///< `keys.settle_s = 3`, a line each
  std::filesystem::path state_dir = "/var/lib/latchkey";
  std::vector<std::filesystem::path> secrets;  ///< files that hold private or management keys
  std::vector<std::filesystem::path> named;    ///< every file that it names
};
Settings read_settings(std::string_view toml);

/// Adds `configuration.txt`.
Settings add_configuration(const std::filesystem::path& file, Bundle& bundle);

}  // namespace latchkey::cli
