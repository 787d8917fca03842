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

// HID 1.11, 6.2.2.7: item 0x06 is Usage Page with two bytes of data; pages 0xFF00-0xFFFF are the
// vendor's. Not by libudev, which hands attributes out as C strings: a descriptor holds zero bytes.
bool has_vendor_usage_page(udev_device* hid) {
  std::ifstream file(std::string(udev_device_get_syspath(hid)) + "/report_descriptor",
                     std::ios::binary);
  std::array<char, 3> item{};
  file.read(item.data(), item.size());
  return file && item[0] == '\x06' && item[2] == '\xff';
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
  if (!key || !number || !has_vendor_usage_page(hid)) return std::nullopt;
  return DeviceRef{.port = udev_device_get_sysname(usb) + (":" + std::to_string(*number)),
                   .node = node,
                   .driver = std::string(key->driver)};
}

}  // namespace latchkey::udev
