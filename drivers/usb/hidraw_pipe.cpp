#include "drivers/usb/hidraw_pipe.h"

#include <fcntl.h>
#include <linux/hidraw.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace latchkey {
namespace {

/// Linux says EIO when a hidraw device that is open has been unplugged.
KeyError unplugged_or(int error, std::string_view action) {
  if (error == EIO) return {KeyError::Kind::gone, std::string(action) + ": unplugged"};
  return key_error_from_errno(error, action);
}

}  // namespace

KeyResult<std::unique_ptr<ReportPipe>> HidrawPipe::open(const std::string& path) {
  Fd device(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!device) return tl::make_unexpected(key_error_from_errno(errno, "open " + path));
  hidraw_devinfo info{};
  if (::ioctl(device.get(), HIDIOCGRAWINFO, &info) != 0)
    return tl::make_unexpected(key_error_from_errno(errno, path + " is no HID device"));
  auto wake = Wake::create();
  if (!wake) return tl::make_unexpected(key_error_from_errno(wake.error(), "eventfd"));
  return std::unique_ptr<ReportPipe>(new HidrawPipe(std::move(device), std::move(*wake)));
}

KeyResult<void> HidrawPipe::write(const Report& report, Deadline deadline) {
  LK_CHECK(wait_for(device_.get(), POLLOUT, wake_, deadline));
  std::array<std::uint8_t, 1 + kReportSize> buffer{};  // report ID 0: the device has none
  std::ranges::copy(report, buffer.begin() + 1);
  if (::write(device_.get(), buffer.data(), buffer.size()) >= 0) return {};
  return tl::make_unexpected(unplugged_or(errno, "write"));
}

KeyResult<Report> HidrawPipe::read(Deadline deadline) {
  for (;;) {
    LK_CHECK(wait_for(device_.get(), POLLIN, wake_, deadline));
    Report report{};
    const auto size = ::read(device_.get(), report.data(), report.size());
    if (size == static_cast<ssize_t>(kReportSize)) return report;
    if (size >= 0)
      return key_fail(KeyError::Kind::protocol, "report of " + std::to_string(size) + " bytes");
    if (errno != EAGAIN && errno != EINTR) return tl::make_unexpected(unplugged_or(errno, "read"));
  }
}

}  // namespace latchkey
