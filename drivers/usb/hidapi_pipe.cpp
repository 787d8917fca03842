#include "drivers/usb/hidapi_pipe.h"

#include <hidapi/hidapi.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

namespace latchkey {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// hidapi hides its descriptor, so that cancel() cannot wake its poll(2): a read looks up this
// often.
constexpr milliseconds kSlice{20};

milliseconds slice_before(Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return std::clamp(left, milliseconds{0}, kSlice);
}

KeyError cancelled() { return {KeyError::Kind::gone, "cancelled"}; }

}  // namespace

void HidapiPipe::Close::operator()(hid_device_* device) const { hid_close(device); }

KeyResult<std::unique_ptr<ReportPipe>> HidapiPipe::open(const std::string& path) {
  static std::once_flag once;
  std::call_once(once, [] { hid_init(); });
  errno = 0;
  hid_device_* device = hid_open_path(path.c_str());
  if (!device) return tl::make_unexpected(key_error_from_errno(errno, "open " + path));
  return std::unique_ptr<ReportPipe>(new HidapiPipe(device));
}

KeyResult<void> HidapiPipe::write(const Report& report, Deadline deadline) {
  if (cancelled_) return tl::make_unexpected(cancelled());
  if (steady_clock::now() >= deadline) return key_fail(KeyError::Kind::timeout, "write: too late");
  std::array<unsigned char, 1 + kReportSize> buffer{};  // report ID 0: the device has none
  std::ranges::copy(report, buffer.begin() + 1);
  errno = 0;
  if (hid_write(device_.get(), buffer.data(), buffer.size()) >= 0) return {};
  return tl::make_unexpected(key_error_from_errno(errno, "write"));
}

KeyResult<Report> HidapiPipe::read(Deadline deadline) {
  for (;;) {
    if (cancelled_) return tl::make_unexpected(cancelled());
    const auto slice = static_cast<int>(slice_before(deadline).count());
    Report report{};
    errno = 0;
    const int size = hid_read_timeout(device_.get(), report.data(), report.size(), slice);
    if (size == static_cast<int>(kReportSize)) return report;
    if (size > 0)
      return key_fail(KeyError::Kind::protocol, "report of " + std::to_string(size) + " bytes");
    // hidapi reports POLLHUP, and the kernel EIO, when the device has been unplugged.
    if (size < 0 && errno != EINTR) return key_fail(KeyError::Kind::gone, "read: unplugged");
    if (steady_clock::now() >= deadline)
      return key_fail(KeyError::Kind::timeout, "read: no answer");
  }
}

}  // namespace latchkey
