#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "agent/identity/descriptor.h"
#include "agent/identity/identity.h"

namespace latchkey {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

tl::unexpected<Error> not_written(const std::filesystem::path& path) {
  return fail("file-not-written", path.string() + ": " + std::strerror(errno) + ".",
              "Check the directory's owner and the free space.");
}

}  // namespace

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                   unsigned mode) {
  auto temporary = path;
  temporary += ".new";
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    // An earlier crash may have left the temporary file with another mode.
    if (!file || ::fchmod(file.get(), mode) != 0 || !write_all(file.get(), text) ||
        ::fsync(file.get()) != 0)
      return not_written(temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return not_written(path);
  const Descriptor directory(
      ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return not_written(path);
  return {};
}

Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    return fail(errno == ENOENT ? "file-missing" : "file-unreadable",
                path.string() + ": " + std::strerror(errno),
                "check that the file exists and that the agent's user may read it");
  std::string text(limit + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail("file-unreadable", path.string() + ": " + std::strerror(errno) + ".");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit)
    return fail("file-too-large",
                path.string() + " has more than " + std::to_string(limit) + " bytes.",
                "Put the right file there.");
  text.resize(size);
  return text;
}

}  // namespace latchkey
