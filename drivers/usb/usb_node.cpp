#include "drivers/usb/usb_node.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>

namespace latchkey {

std::optional<std::chrono::milliseconds> connected_for(const std::string& node) {
  struct stat info {};
  if (::stat(node.c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) return std::nullopt;
  std::ifstream file("/sys/dev/char/" + std::to_string(::major(info.st_rdev)) + ":" +
                     std::to_string(::minor(info.st_rdev)) + "/power/connected_duration");
  std::int64_t milliseconds = 0;
  if (!(file >> milliseconds)) return std::nullopt;
  return std::chrono::milliseconds(milliseconds);
}

}  // namespace latchkey
