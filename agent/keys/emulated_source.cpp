#include "agent/keys/emulated_source.h"

#include <utility>

namespace latchkey {
namespace {

constexpr std::chrono::milliseconds kReconnect{1000};

}  // namespace

EmulatedSource::EmulatedSource(boost::asio::io_context& context, Reactor& reactor, std::string path,
                               udev::Observer& observer)
    : context_(context), path_(std::move(path)), observer_(observer), reconnect_(reactor.alarm()) {}

void EmulatedSource::start() {
  auto monitor = EmulatedPortMonitor::connect(path_);
  if (!monitor) return lose();
  monitor_.emplace(std::move(*monitor));
  watch_.emplace(context_, monitor_->fd(), [this] { on_readable(); });
}

void EmulatedSource::on_readable() {
  for (const auto& event : monitor_->read_events()) handle(event);
}

void EmulatedSource::handle(const EmulatedPortMonitor::Event& event) {
  using Kind = EmulatedPortMonitor::Event::Kind;
  switch (event.kind) {
    case Kind::added:
      if (present_.emplace(event.device.port, event.device).second)
        observer_.on_added(event.device);
      break;
    case Kind::removed:
      if (present_.erase(event.device.port) != 0) observer_.on_removed(event.device.port);
      break;
    case Kind::settled:
      settle();
      break;
    case Kind::lost:
      lose();
      break;
  }
}

void EmulatedSource::lose() {
  watch_.reset();
  monitor_.reset();
  for (const auto& [port, device] : std::exchange(present_, {})) observer_.on_removed(port);
  settle();
  reconnect_->set(kReconnect, [this] { start(); });
}

void EmulatedSource::settle() {
  if (!std::exchange(settled_, true)) observer_.on_settled();
}

}  // namespace latchkey
