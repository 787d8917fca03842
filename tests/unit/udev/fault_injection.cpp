#include "tests/unit/udev/fault_injection.h"

#include <libudev.h>

#include <cerrno>
#include <utility>

#include "udev/handle.h"

namespace latchkey::udev {
Faults faults;
}

using latchkey::udev::Device;
using latchkey::udev::faults;

extern "C" {

udev_device* __real_udev_monitor_receive_device(udev_monitor* monitor);

udev_device* __wrap_udev_monitor_receive_device(udev_monitor* monitor) {
  if (faults.receive_error != 0) {
    while (Device(__real_udev_monitor_receive_device(monitor))) {
    }
    errno = std::exchange(faults.receive_error, 0);
    return nullptr;
  }
  if (faults.refused_messages > 0) {
    --faults.refused_messages;
    Device(__real_udev_monitor_receive_device(monitor)).reset();
    errno = EAGAIN;
    return nullptr;
  }
  return __real_udev_monitor_receive_device(monitor);
}

int __wrap_udev_device_get_is_initialized(udev_device*) { return faults.initialized ? 1 : 0; }

int __wrap_access(const char*, int) { return faults.udevd_running ? 0 : -1; }
}
