#include "drivers/usb/report_pipe.h"

#include <cerrno>
#include <system_error>

#include "drivers/usb/emulated_pipe.h"
#include "drivers/usb/hidraw_pipe.h"

namespace latchkey {
namespace {

KeyError::Kind kind_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return KeyError::Kind::no_permission;
    case EBUSY:
      return KeyError::Kind::busy;
    case ENODEV:
    case ENOENT:
    case ENXIO:
    case ESHUTDOWN:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return KeyError::Kind::gone;
    case ETIMEDOUT:
      return KeyError::Kind::timeout;
    default:
      return KeyError::Kind::protocol;
  }
}

}  // namespace

tl::unexpected<KeyError> key_fail(KeyError::Kind kind, std::string detail) {
  return tl::make_unexpected(KeyError{kind, std::move(detail)});
}

KeyError key_error_from_errno(int error, std::string_view action) {
  return {kind_of(error), std::string(action) + ": " + std::generic_category().message(error)};
}

KeyResult<std::unique_ptr<ReportPipe>> open_report_pipe(const DeviceRef& device) {
  return device.emulated ? EmulatedPipe::open(device.node) : HidrawPipe::open(device.node);
}

}  // namespace latchkey
