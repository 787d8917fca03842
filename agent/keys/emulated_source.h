#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/reactor/reactor.h"
#include "agent/reactor/readable_watch.h"
#include "drivers/usb/emulated_port_monitor.h"
#include "udev/monitor.h"

namespace latchkey {

/// The hotplug of an emulated port on the reactor. Made only when the configuration names the port.
/// A port that is not there counts as empty and is looked for every second.
class EmulatedSource {
 public:
  EmulatedSource(boost::asio::io_context& context, Reactor& reactor, std::string path,
                 udev::Observer& observer);
  void start();

 private:
  void on_readable();
  void handle(const EmulatedPortMonitor::Event& event);
  void lose();
  void settle();

  boost::asio::io_context& context_;
  std::string path_;
  udev::Observer& observer_;
  std::unique_ptr<Alarm> reconnect_;
  std::optional<EmulatedPortMonitor> monitor_;
  std::optional<ReadableWatch> watch_;
  std::map<std::string, DeviceRef> present_;
  bool settled_ = false;
};

}  // namespace latchkey
