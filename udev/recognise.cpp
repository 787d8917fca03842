#include "udev/recognise.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace latchkey::udev {
namespace {

std::string_view text_or_empty(const char* text) {
  return text ? std::string_view(text) : std::string_view();
}

std::optional<unsigned> attribute(udev_device* device, const char* name, int base) {
  const auto text = text_or_empty(udev_device_get_sysattr_value(device, name));
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const KnownKey* find_known(udev_device* usb, std::span<const KnownKey> known) {
  const auto vendor = attribute(usb, "idVendor", 16);
  const auto product = attribute(usb, "idProduct", 16);
  if (!vendor || !product) return nullptr;
  const auto found = std::ranges::find_if(
      known, [&](const KnownKey& key) { return key.vendor == *vendor && key.product == *product; });
  return found == known.end() ? nullptr : &*found;
}

// docs/protocol-hidkey.md section 2: usage page 0xFF5A, usage 1.
constexpr std::array<char, 5> kReportDescriptorStart{'\x06', '\x5a', '\xff', '\x09', '\x01'};

// Not by libudev, which hands attributes out as C strings: a descriptor may hold zero bytes.
bool is_key_interface(udev_device* hid) {
  std::ifstream file(std::string(udev_device_get_syspath(hid)) + "/report_descriptor",
                     std::ios::binary);
  std::array<char, kReportDescriptorStart.size()> start{};
  file.read(start.data(), start.size());
  return file && start == kReportDescriptorStart;
}

}  // namespace

std::optional<DeviceRef> recognise(udev_device* hidraw, std::span<const KnownKey> known) {
  // Parents belong to the child's reference and need no deleter.
  udev_device* usb = udev_device_get_parent_with_subsystem_devtype(hidraw, "usb", "usb_device");
  udev_device* hid = udev_device_get_parent_with_subsystem_devtype(hidraw, "hid", nullptr);
  const char* node = udev_device_get_devnode(hidraw);
  if (!usb || !hid || !node) return std::nullopt;
  const KnownKey* key = find_known(usb, known);
  const auto number = attribute(usb, "devnum", 10);
  if (!key || !number || !is_key_interface(hid)) return std::nullopt;
  return DeviceRef{.port = udev_device_get_sysname(usb) + (":" + std::to_string(*number)),
                   .node = node,
                   .driver = std::string(key->driver)};
}

}  // namespace latchkey::udev
