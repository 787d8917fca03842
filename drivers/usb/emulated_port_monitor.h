#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/ports.h"
#include "drivers/usb/unix_socket.h"

namespace latchkey {

/// Hotplug of an emulated port: connected in watch mode, for a reactor. Level-triggered use: when
/// `fd()` is readable call `read_events()`. After `lost` every device is gone; connecting anew is
/// the owner's timer.
class EmulatedPortMonitor {
 public:
  struct Event {
    enum class Kind {
      added,
      removed,
      settled,  ///< everything that was plugged in at connect time has been reported
      lost      ///< the port closed or spoke nonsense; always the last event
    };
    Kind kind;
    DeviceRef device;  ///< of added and removed
    bool operator==(const Event&) const = default;
  };

  /// Never blocks. Errors: `emulated-port-unreachable`.
  static Result<EmulatedPortMonitor> connect(std::string socket_path);

  /// Whether a DeviceRef::port was named by an emulated port ("<key name>#<generation>"); a USB
  /// path has no '#'.
  static bool names(std::string_view port) { return port.find('#') != port.npos; }

  int fd() const { return socket_.get(); }
  /// What has arrived, drained until empty.
  std::vector<Event> read_events();

 private:
  EmulatedPortMonitor(Fd socket, std::string path)
      : socket_(std::move(socket)), path_(std::move(path)) {}
  Event parse(ByteView packet) const;

  Fd socket_;
  std::string path_;
};

}  // namespace latchkey
