#include "tools/latchkey-emulator/port/in_process_pipe.h"

#include <algorithm>

namespace latchkey::emulator {

using std::chrono::steady_clock;

KeyResult<void> InProcessPipe::check() const {
  if (cancelled_) return key_fail(KeyError::Kind::gone, "cancelled");
  if (!device_.attached()) return key_fail(KeyError::Kind::gone, "unplugged");
  return {};
}

KeyResult<void> InProcessPipe::write(const Report& report, Deadline) {
  const std::lock_guard lock(mutex_);
  LK_CHECK(check());
  device_.output_report(report, steady_clock::now());
  return {};
}

KeyResult<Report> InProcessPipe::read(Deadline deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    LK_CHECK(check());
    if (const auto bytes = device_.input_report(steady_clock::now())) {
      if (bytes->size() != kReportSize)
        return key_fail(KeyError::Kind::protocol,
                        "report of " + std::to_string(bytes->size()) + " bytes");
      Report report{};
      std::ranges::copy(*bytes, report.begin());
      return report;
    }
    if (steady_clock::now() >= deadline) return key_fail(KeyError::Kind::timeout, "no answer");
    changed_.wait_until(lock, std::min(deadline, device_.next_due().value_or(deadline)));
  }
}

void InProcessPipe::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

void InProcessPipe::unplug() {
  const std::lock_guard lock(mutex_);
  device_.detach();
  changed_.notify_all();
}

}  // namespace latchkey::emulator
