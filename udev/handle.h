#pragma once

#include <libudev.h>

#include <memory>

namespace latchkey::udev {

/// libudev counts references in C: each owner below gives back exactly one.
struct Unref {
  void operator()(::udev* context) const { udev_unref(context); }
  void operator()(udev_monitor* monitor) const { udev_monitor_unref(monitor); }
  void operator()(udev_enumerate* enumerate) const { udev_enumerate_unref(enumerate); }
  void operator()(udev_device* device) const { udev_device_unref(device); }
};

using Context = std::unique_ptr<::udev, Unref>;
using MonitorHandle = std::unique_ptr<udev_monitor, Unref>;
using Enumerate = std::unique_ptr<udev_enumerate, Unref>;
using Device = std::unique_ptr<udev_device, Unref>;

}  // namespace latchkey::udev
