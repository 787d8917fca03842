#pragma once

namespace latchkey::udev {

/// What the linker's --wrap puts between the monitor and the outside world (fault_injection.cpp).
struct Faults {
  int receive_error = 0;      ///< the next receive drops what is queued and fails with this errno
  int refused_messages = 0;   ///< so many receives consume a message and answer EAGAIN
  bool initialized = true;    ///< udevd has applied its rules to the devices
  bool udevd_running = true;  ///< /run/udev/control exists
};
extern Faults faults;

}  // namespace latchkey::udev
