#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace latchkey::cli {

struct Process {
  std::string pid;
  std::string name;  ///< cut to 15 characters by the kernel
  bool is_agent() const { return name == "latchkey-agent"; }
  bool is_pcscd() const { return name == "pcscd"; }
};

/// Every process that has the device node open; other users' only for root. `proc` is /proc.
std::vector<Process> holders(const std::filesystem::path& proc, const std::string& node);
/// Whether a process of this name runs, as anybody may see.
bool runs(const std::filesystem::path& proc, const std::string& name);

}  // namespace latchkey::cli
