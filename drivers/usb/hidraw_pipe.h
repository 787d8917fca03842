#pragma once

#include <memory>
#include <string>

#include "drivers/usb/report_pipe.h"
#include "drivers/usb/wait.h"

namespace latchkey {

/// A real key through the kernel's hidraw, which leaves the kernel's driver bound (docs/decisions
/// says why without hidapi). `write` may block in the kernel for up to 5 s on a device that stopped
/// taking reports: hidraw has no timeout for it.
class HidrawPipe final : public ReportPipe {
 public:
  static KeyResult<std::unique_ptr<ReportPipe>> open(const std::string& path);

  KeyResult<void> write(const Report& report, Deadline deadline) override;
  KeyResult<Report> read(Deadline deadline) override;
  void cancel() noexcept override { wake_.signal(); }

 private:
  HidrawPipe(Fd device, Wake wake) : device_(std::move(device)), wake_(std::move(wake)) {}

  Fd device_;
  Wake wake_;
};

}  // namespace latchkey
