#pragma once

#include <umockdev.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace latchkey::udev {

/// A USB device with at most one HID interface as sysfs shows it. Defaults: a Latchkey HID key.
struct MockHid {
  std::string bus_path = "1-1";
  int number = 7;  ///< devnum: the kernel counts up with each insertion
  int interface_number = 0;
  int hidraw = 0;
  std::string vendor = "1209";
  std::string product = "0010";
  std::string report_descriptor = "065AFF0901A101";  ///< docs/protocol-hidkey.md section 2

  std::string hub = {};  ///< the hub that it stands behind, "1-1"

  std::string usb() const {
    return "/devices/pci0000:00/0000:00:14.0/usb1/" + (hub.empty() ? "" : hub + "/") + bus_path;
  }
  std::string usb_node() const {
    const auto digits = std::to_string(number);
    return "/dev/bus/usb/001/" + std::string(3 - digits.size(), '0') + digits;
  }
  std::string interface() const {
    return usb() + "/" + bus_path + ":1." + std::to_string(interface_number);
  }
  std::string hid() const { return interface() + "/0003:1209:0010.000" + std::to_string(hidraw); }
  std::string name() const { return "hidraw" + std::to_string(hidraw); }
  std::string raw() const { return hid() + "/hidraw/" + name(); }
};

/// A sysfs and its netlink socket, mocked by umockdev. Adding emits an "add" event.
class MockBus {
 public:
  MockBus() : testbed_(umockdev_testbed_new(), g_object_unref) {}

  void add_usb(const MockHid& key) {
    add("P: " + key.usb() + "\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nE: DEVNAME=" +
        key.usb_node() + "\nA: idVendor=" + key.vendor + "\nA: idProduct=" + key.product +
        "\nA: devnum=" + std::to_string(key.number) + "\n");
  }
  /// `interface_class` as in sysfs: "0b" smart card, "03" HID, "08" mass storage.
  void add_interface(const MockHid& device, const std::string& interface_class) {
    add("P: " + device.interface() +
        "\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nA: bInterfaceClass=" + interface_class +
        "\n");
  }
  void add_hid(const MockHid& key) {
    add_interface(key, "03");
    add("P: " + key.hid() + "\nE: SUBSYSTEM=hid\nH: report_descriptor=" + key.report_descriptor +
        "\n");
    add("P: " + key.raw() + "\nE: SUBSYSTEM=hidraw\nE: DEVNAME=/dev/" + key.name() + "\n");
  }
  void plug(const MockHid& key) {
    add_usb(key);
    add_hid(key);
  }

  void usb_event(const MockHid& device, const char* action) {
    umockdev_testbed_uevent(testbed_.get(), ("/sys" + device.usb()).c_str(), action);
  }
  void event(const MockHid& key, const char* action) {
    umockdev_testbed_uevent(testbed_.get(), ("/sys" + key.raw()).c_str(), action);
  }
  /// Leaves no sysfs entry; emits nothing, as a lost event.
  void vanish(const MockHid& key) {
    const auto below = std::stable_partition(added_.begin(), added_.end(), [&](const auto& path) {
      return !(path + "/").starts_with(key.usb() + "/");
    });
    for (auto path = added_.end(); path != below;)  // children first
      umockdev_testbed_remove_device(testbed_.get(), ("/sys" + *--path).c_str());
    added_.erase(below, added_.end());
  }
  /// As vanish, of the one interface that add_interface made.
  void drop_interface(const MockHid& device) {
    umockdev_testbed_remove_device(testbed_.get(), ("/sys" + device.interface()).c_str());
    std::erase(added_, device.interface());
  }
  void pull(const MockHid& key) {
    event(key, "remove");
    vanish(key);
  }

 private:
  void add(const std::string& record) {
    added_.push_back(record.substr(3, record.find('\n') - 3));
    GError* error = nullptr;
    if (umockdev_testbed_add_from_string(testbed_.get(), record.c_str(), &error)) return;
    g_printerr("umockdev refuses: %s\n%s", error->message, record.c_str());
    std::abort();
  }

  std::unique_ptr<UMockdevTestbed, decltype(&g_object_unref)> testbed_;
  std::vector<std::string> added_;  ///< sysfs paths, parents first
};

}  // namespace latchkey::udev
