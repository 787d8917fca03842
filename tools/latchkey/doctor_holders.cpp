#include "tools/latchkey/doctor_holders.h"

#include <algorithm>
#include <fstream>

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;

bool holds(const fs::path& process, const std::string& node) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code unreadable;
    if (fs::read_symlink(fd->path(), unreadable) == node && !unreadable) return true;
  }
  return false;
}

std::vector<Process> processes(const fs::path& proc) {
  std::vector<Process> found;
  std::error_code error;
  for (fs::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto pid = entry->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string name;
    std::ifstream file(entry->path() / "comm");
    std::getline(file, name);
    found.push_back({pid, name});
  }
  return found;
}

}  // namespace

std::vector<Process> holders(const fs::path& proc, const std::string& node) {
  auto found = processes(proc);
  std::erase_if(found, [&](const Process& process) { return !holds(proc / process.pid, node); });
  return found;
}

bool runs(const fs::path& proc, const std::string& name) {
  return std::ranges::any_of(processes(proc), [&](const Process& p) { return p.name == name; });
}

}  // namespace latchkey::cli
