#include <poll.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "core/usbkey/key_id.h"
#include "drivers/registry/registry.h"
#include "udev/monitor.h"

// Prints what the monitor and the drivers see, one line an event, for stories that need no agent:
//   settled | added PORT NODE KEY-ID | failed PORT NODE WHY | removed PORT
namespace {

using namespace latchkey;

class Printer : public udev::Observer {
 public:
  void on_added(const DeviceRef& device) override {
    const auto id = read_key_id(device);
    std::printf("%s %s %s %s\n", id ? "added" : "failed", device.port.c_str(), device.node.c_str(),
                id ? id->c_str() : id.error().detail.c_str());
  }
  void on_removed(const std::string& port) override { std::printf("removed %s\n", port.c_str()); }
  void on_settled() override { std::puts("settled"); }

 private:
  KeyResult<std::string> read_key_id(const DeviceRef& device) {
    KeyDriver* driver = registry_.find(device.driver);
    if (!driver) return tl::make_unexpected(KeyError{.detail = "no driver"});
    auto key = driver->open(device);
    if (!key) return tl::make_unexpected(key.error());
    const auto der = (*key)->public_key(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    if (!der) return tl::make_unexpected(der.error());
    return key_id(*der);
  }

  DriverRegistry registry_;
};

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Printer printer;
  const auto monitor = udev::Monitor::create(printer);
  if (!monitor) {
    std::fprintf(stderr, "%s\n", monitor.error().message.c_str());
    return 1;
  }
  (*monitor)->start();
  pollfd events{.fd = (*monitor)->fd(), .events = POLLIN, .revents = 0};
  while (poll(&events, 1, -1) >= 0) (*monitor)->handle_readable();
  return 1;
}
