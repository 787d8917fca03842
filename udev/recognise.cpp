#include "udev/recognise.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string_view>

#include "udev/scan.h"

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

const KnownKey* find_by_id(udev_device* usb, std::span<const KnownKey> known) {
  const auto vendor = attribute(usb, "idVendor", 16);
  const auto product = attribute(usb, "idProduct", 16);
  if (!vendor || !product) return nullptr;
  const auto found = std::ranges::find_if(known, [&](const KnownKey& key) {
    return key.interface_class == 0 && key.vendor == *vendor && key.product == *product;
  });
  return found == known.end() ? nullptr : &*found;
}

const KnownKey* find_by_class(udev_device* usb, std::span<const KnownKey> known) {
  const auto found = std::ranges::find_if(known, [&](const KnownKey& key) {
    return key.interface_class != 0 && has_interface(usb, key.interface_class);
  });
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

std::optional<Recognised> with_node(udev_device* usb, udev_device* opened, const KnownKey& key) {
  const auto number = attribute(usb, "devnum", 10);
  const char* node = udev_device_get_devnode(opened);
  if (!number || !node) return std::nullopt;
  return Recognised{
      .device = {.port = udev_device_get_sysname(usb) + (":" + std::to_string(*number)),
                 .node = node,
                 .driver = std::string(key.driver)},
      .node_path = udev_device_get_syspath(opened)};
}

/// The keyboard half of a composite key has another usage page.
std::optional<Recognised> find_hidraw(udev_device* usb, const KnownKey& key) {
  for (const auto& hidraw : hidraw_of(usb)) {
    udev_device* hid = udev_device_get_parent_with_subsystem_devtype(hidraw.get(), "hid", nullptr);
    if (hid && is_key_interface(hid)) return with_node(usb, hidraw.get(), key);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Recognised> recognise(udev_device* usb, std::span<const KnownKey> known) {
  const KnownKey* key = find_by_id(usb, known);
  if (key && key->driver == "hidkey") return find_hidraw(usb, *key);
  if (!key) key = find_by_class(usb, known);
  return key ? with_node(usb, usb, *key) : std::nullopt;
}

}  // namespace latchkey::udev
