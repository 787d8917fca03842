#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/ports.h"
#include "latchkey_known_keys.h"
#include "udev/handle.h"
#include "udev/recognise.h"

namespace latchkey::udev {

/// What the monitor tells. It knows no policy: what a second key means is the agent's affair.
class Observer {
 public:
  virtual ~Observer() = default;
  /// A recognised key that was not there before; udevd has applied its rules, so rights are final.
  virtual void on_added(const DeviceRef& device) = 0;
  virtual void on_removed(const std::string& port) = 0;  ///< a port named by on_added before
  /// Once, at the end of Monitor::start: what was plugged in by then has been reported.
  virtual void on_settled() = 0;
};

/// Watches for keys (SPEC KEY-13). One key is one USB device, whatever interfaces it has.
/// Level-triggered: an event only says which device to look at again, sysfs says what is true, so
/// duplicated, late and lost events do no harm.
///
/// All calls belong to one thread, the observer is called inside them. Nothing blocks; one look
/// reads a handful of sysfs files. The observer must not destroy the monitor from a callback.
class Monitor {
 public:
  /// Subscribes; events queue up in the kernel until start(). `observer` and `known` outlive the
  /// monitor. Errors: `udev-unavailable`.
  static Result<std::unique_ptr<Monitor>> create(Observer& observer,
                                                 std::span<const KnownKey> known = kKnownKeys);

  /// Readable when handle_readable() has something to do. The monitor's own: a reactor that closes
  /// what it watches takes a dup() of it.
  int fd() const { return udev_monitor_get_fd(monitor_.get()); }

  /// Reports what is plugged in, then on_settled(). Call once.
  void start();

  /// Takes events until there is none left, and scans when the kernel dropped some (ENOBUFS). After
  /// a thousand events it returns with the fd still readable, so that a flood cannot starve the
  /// thread.
  void handle_readable();

  /// Compares sysfs with what was reported and reports the difference. For the periodic rescan.
  void rescan();

 private:
  Monitor(Observer& observer, std::span<const KnownKey> known, Context context,
          MonitorHandle monitor);
  bool receive_one(bool& lost);
  bool is_readable() const;
  bool is_ready(const std::string& syspath) const;
  Device at(const std::string& syspath) const;
  void look(const std::string& usb);
  void remove(const std::string& usb);
  void removed(const std::string& syspath);

  Observer& observer_;
  std::span<const KnownKey> known_;
  Context context_;
  MonitorHandle monitor_;
  /// By sysfs path of the USB device: a removed device has lost every other property by the time it
  /// is reported.
  std::map<std::string, Recognised> present_;
};

}  // namespace latchkey::udev
