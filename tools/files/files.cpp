#include "tools/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace latchkey::tool {
namespace {

tl::unexpected<Error> cannot_write(const std::string& path) {
  return fail("cannot-write", path + ": " + std::strerror(errno) + ".",
              "Check the folder and its rights.");
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// What is no file, such as /dev/stdout, is written into: replacing it would take it away from all.
bool is_special(const std::string& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  return std::filesystem::is_other(status);
}

Result<void> write_into(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return cannot_write(path);
  const bool written = write_all(fd, text);
  const int why = errno;
  ::close(fd);
  errno = why;
  return written ? Result<void>() : cannot_write(path);
}

/// link() never overwrites, rename() always does; both show the whole file or none.
bool publish(const std::string& temporary, const std::string& path, Existing existing) {
  if (existing == Existing::replace) return ::rename(temporary.c_str(), path.c_str()) == 0;
  return ::link(temporary.c_str(), path.c_str()) == 0;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return fail("cannot-read", path + ": " + std::strerror(errno) + ".",
                "Check the file's name and its rights.");
  std::string out(max + 1, '\0');
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(file.gcount()));
  if (out.size() > max || file.bad())
    return fail("cannot-read", path + ": not a file of at most " + std::to_string(max) + " bytes.",
                "Check the file name.");
  return out;
}

Result<void> write_file(const std::string& path, std::string_view text, Access access,
                        Existing existing) {
  if (existing == Existing::replace && is_special(path)) return write_into(path, text);
  auto temporary = path + ".XXXXXX";
  const int fd = ::mkstemp(temporary.data());
  if (fd < 0) return cannot_write(path);
  const bool written = write_all(fd, text) && ::fsync(fd) == 0 &&
                       ::fchmod(fd, access == Access::owner ? 0600 : 0644) == 0;
  const bool done = ::close(fd) == 0 && written && publish(temporary, path, existing);
  const int why = errno;
  ::unlink(temporary.c_str());
  errno = why;
  if (done) return {};
  if (existing == Existing::keep && errno == EEXIST)
    return fail("file-exists", path + " exists and is not overwritten.",
                "Choose another name or folder.");
  return cannot_write(path);
}

}  // namespace latchkey::tool
