#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/udev/fault_injection.h"
#include "tests/unit/udev/mock_bus.h"
#include "udev/monitor.h"

namespace latchkey::udev {

class Journal : public Observer {
 public:
  void on_added(const DeviceRef& device) override {
    lines_.push_back("+" + device.port);
    last = device;
  }
  void on_removed(const std::string& port) override { lines_.push_back("-" + port); }
  void on_settled() override { lines_.emplace_back("settled"); }
  std::vector<std::string> take() { return std::exchange(lines_, {}); }

  DeviceRef last;

 private:
  std::vector<std::string> lines_;
};

constexpr KnownKey kListed[] = {{0x1209, 0x0010, 0, "hidkey", "a HID key"},
                                {0, 0, 0x0B, "piv", "any smart card"}};

// Runs under umockdev-wrapper (tests/unit/CMakeLists.txt).
class MonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(umockdev_in_mock_environment()) << "run this binary under umockdev-wrapper";
    faults = {};
    auto created = Monitor::create(journal, kListed);
    ASSERT_TRUE(created) << created.error().message;
    monitor = std::move(*created);
  }
  void start() {
    monitor->start();
    monitor->handle_readable();
    ASSERT_THAT(journal.take(), testing::ElementsAre("settled"));
  }

  MockBus bus;
  Journal journal;
  std::unique_ptr<Monitor> monitor;
};

}  // namespace latchkey::udev
