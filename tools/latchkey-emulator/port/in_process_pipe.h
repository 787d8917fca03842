#pragma once

#include <condition_variable>
#include <mutex>

#include "drivers/usb/report_pipe.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"

namespace latchkey::emulator {

/// A HID key without any port between, for tests. The device must be attached, and is used by this
/// pipe alone.
class InProcessPipe final : public ReportPipe {
 public:
  explicit InProcessPipe(HidDevice& device) : device_(device) {}

  KeyResult<void> write(const Report& report, Deadline deadline) override;
  KeyResult<Report> read(Deadline deadline) override;
  void cancel() noexcept override;
  /// Pulls the device, from any thread.
  void unplug();

 private:
  KeyResult<void> check() const;

  HidDevice& device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
};

}  // namespace latchkey::emulator
