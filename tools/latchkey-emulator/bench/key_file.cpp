#include "tools/latchkey-emulator/bench/key_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "drivers/usb/unix_socket.h"

namespace latchkey::emulator {
namespace {

bool write_and_sync(const std::filesystem::path& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return false;
  while (!text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file.get()) == 0;
}

bool sync_directory(const std::filesystem::path& path) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

}  // namespace

Result<std::string> load_key_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    return fail("state-unreadable", "Cannot read " + path.string() + ".",
                "Check its owner and rights.");
  return text;
}

Result<void> save_key_file(const std::filesystem::path& path, std::string_view text) {
  auto scratch = path;
  scratch += ".new";
  const bool written = write_and_sync(scratch, text) &&
                       ::rename(scratch.c_str(), path.c_str()) == 0 &&
                       sync_directory(path.parent_path());
  if (written) return {};
  return fail("state-unwritable",
              "Cannot write " + path.string() + ": " + std::generic_category().message(errno) + ".",
              "Check the state directory's rights and free space.");
}

}  // namespace latchkey::emulator
