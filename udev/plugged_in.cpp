#include "udev/plugged_in.h"

#include "udev/monitor.h"

namespace latchkey::udev {
namespace {

class Collector final : public Observer {
 public:
  void on_added(const DeviceRef& device) override { devices.push_back(device); }
  void on_removed(const std::string&) override {}
  void on_settled() override {}
  std::vector<DeviceRef> devices;
};

}  // namespace

Result<std::vector<DeviceRef>> plugged_in() {
  Collector found;
  LK_TRY(const auto monitor, Monitor::create(found));
  monitor->start();
  return std::move(found.devices);
}

}  // namespace latchkey::udev
