#include "agent/keys/udev_source.h"

namespace latchkey {

Result<std::unique_ptr<UdevSource>> UdevSource::start(boost::asio::io_context& context,
                                                      udev::Observer& observer) {
  LK_TRY(auto monitor, udev::Monitor::create(observer));
  std::unique_ptr<UdevSource> source(new UdevSource(std::move(monitor)));
  source->watch_.emplace(context, source->monitor_->fd(),
                         [monitor = source->monitor_.get()] { monitor->handle_readable(); });
  source->monitor_->start();
  return source;
}

}  // namespace latchkey
