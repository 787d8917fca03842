#include "agent/telemetry/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace latchkey {
namespace {

std::chrono::microseconds span(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

ProcessUsage process_usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::uint64_t size = 0, resident = 0;  // in pages (proc(5))
  std::ifstream("/proc/self/statm") >> size >> resident;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {span(used.ru_utime) + span(used.ru_stime), resident * page};
}

}  // namespace latchkey
