// Preloaded into a real agent by tests/integration/clock_test.py: moves what the process sees of
// the machine's clocks, as faketime does, so that the agent itself needs no back door. The file
// that CLOCK_SHIFT_FILE names holds two numbers of seconds: for the wall clock and for
// CLOCK_BOOTTIME.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept {
  using Real = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(id, out);
  if (result != 0 || (id != CLOCK_REALTIME && id != CLOCK_BOOTTIME)) return result;
  const char* const name = std::getenv("CLOCK_SHIFT_FILE");
  std::FILE* const file = name == nullptr ? nullptr : std::fopen(name, "re");
  if (file == nullptr) return result;
  long long wall = 0, boot = 0;
  if (std::fscanf(file, "%lld %lld", &wall, &boot) == 2)
    out->tv_sec += static_cast<std::time_t>(id == CLOCK_REALTIME ? wall : boot);
  std::fclose(file);
  return result;
}
