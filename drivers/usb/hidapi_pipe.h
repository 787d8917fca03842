#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "drivers/usb/report_pipe.h"

struct hid_device_;

namespace latchkey {

/// A real key through hidapi's hidraw back end, which leaves the kernel's driver bound. `write` may
/// block in the kernel for up to 5 s on a device that stopped taking reports: hidraw has no timeout
/// of its own.
class HidapiPipe final : public ReportPipe {
 public:
  static KeyResult<std::unique_ptr<ReportPipe>> open(const std::string& path);

  KeyResult<void> write(const Report& report, Deadline deadline) override;
  KeyResult<Report> read(Deadline deadline) override;
  void cancel() noexcept override { cancelled_ = true; }

 private:
  struct Close {
    void operator()(hid_device_* device) const;
  };
  explicit HidapiPipe(hid_device_* device) : device_(device) {}

  std::unique_ptr<hid_device_, Close> device_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace latchkey
