// Preloaded into a real agent by tests/integration/lease_test.py: makes the disk under its database
// fail. The file that DISK_FAULT_FILE names holds `fsync` (writes are taken, no sync succeeds),
// `read-only` (as after a remount), or nothing.
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool is_database(int file) {
  std::array<char, 4096> path{};
  const auto link = "/proc/self/fd/" + std::to_string(file);
  const auto size = ::readlink(link.c_str(), path.data(), path.size());
  return size > 0 &&
         std::string_view(path.data(), static_cast<std::size_t>(size)).find("/latchkey.db") !=
             std::string_view::npos;
}

bool faulty(int file, std::string_view fault) {
  if (!is_database(file)) return false;
  const char* const name = std::getenv("DISK_FAULT_FILE");
  std::FILE* const stream = name == nullptr ? nullptr : std::fopen(name, "re");
  if (stream == nullptr) return false;
  std::array<char, 16> told{};
  const bool known = std::fscanf(stream, "%15s", told.data()) == 1;
  std::fclose(stream);
  return known && fault == told.data();
}

int refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  return faulty(file, "fsync") ? refuse(EIO) : real(file);
}

extern "C" int fdatasync(int file) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return faulty(file, "fsync") ? refuse(EIO) : real(file);
}

extern "C" ssize_t pwrite64(int file, const void* data, size_t size, off64_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return faulty(file, "read-only") ? refuse(EROFS) : real(file, data, size, offset);
}

extern "C" int ftruncate64(int file, off64_t size) noexcept {
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return faulty(file, "read-only") ? refuse(EROFS) : real(file, size);
}
