#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "core/ports.h"

namespace latchkey {

inline constexpr std::size_t kReportSize = 64;
using Report = std::array<std::uint8_t, kReportSize>;

/// One opened HID interface with 64-byte reports and no report ID. `write` and `read` belong to one
/// thread, `cancel` to any. Errors: `gone` (unplugged or cancelled), `timeout`, `protocol` (a
/// report of another size).
class ReportPipe {
 public:
  virtual ~ReportPipe() = default;
  virtual KeyResult<void> write(const Report& report, Deadline deadline) = 0;
  /// The next input report; a deadline that has passed returns only what has already arrived.
  virtual KeyResult<Report> read(Deadline deadline) = 0;
  /// Ends the running and every later call with `gone`, promptly.
  virtual void cancel() noexcept = 0;
};

tl::unexpected<KeyError> key_fail(KeyError::Kind kind, std::string detail);

/// An errno of open, read or write on a device or socket, as SPEC KEY-3 tells the reasons apart.
KeyError key_error_from_errno(int error, std::string_view action);

/// Opens the device's /dev/hidraw node, or through the emulated port when
/// `device.emulated`. A hidraw node costs a fixed 50 ms in the kernel: open once, keep it.
KeyResult<std::unique_ptr<ReportPipe>> open_report_pipe(const DeviceRef& device);

}  // namespace latchkey
