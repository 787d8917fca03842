#pragma once

#include <memory>
#include <optional>

#include "agent/reactor/readable_watch.h"
#include "udev/monitor.h"

namespace latchkey {

/// The udev monitor on the reactor.
class UdevSource {
 public:
  /// Subscribes and enumerates; `observer` hears on_settled() inside. Error: `udev-unavailable`.
  static Result<std::unique_ptr<UdevSource>> start(boost::asio::io_context& context,
                                                   udev::Observer& observer);
  void rescan() { monitor_->rescan(); }

 private:
  explicit UdevSource(std::unique_ptr<udev::Monitor> monitor) : monitor_(std::move(monitor)) {}

  std::unique_ptr<udev::Monitor> monitor_;
  std::optional<ReadableWatch> watch_;
};

}  // namespace latchkey
