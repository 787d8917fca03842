#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/usbkey/key_id.h"
#include "tools/latchkey-emulator/hidkey/descriptors.h"
#include "tools/latchkey-emulator/hidkey/hid_device.h"

// The HID key as every emulated device: its USB face, and what the bench does with it.
namespace latchkey::emulator {
namespace {

UsbProfile make_profile() {
  const Bytes report(kReportDescriptor.begin(), kReportDescriptor.end());
  const auto endpoint = [](std::uint8_t address) {
    return Endpoint{address, TransferType::interrupt, kReportSize, kPollInterval};
  };
  return {.vendor = kVendorId,
          .product = kProductId,
          .release = kDeviceRelease,
          .manufacturer = kManufacturer,
          .name = kProduct,
          .interfaces = {{.interface_class = Interface::kHid,
                          .class_descriptor = hid_descriptor(report),
                          .report_descriptor = report,
                          .endpoints = {endpoint(kIn | Device::kKeyEndpoint),
                                        endpoint(Device::kKeyEndpoint)}}}};
}

}  // namespace

const UsbProfile& HidDevice::usb() const {
  static const auto profile = make_profile();
  return profile;
}

void HidDevice::write(std::uint8_t endpoint, ByteView transfer, Instant now) {
  if (endpoint == kKeyEndpoint) output_report(transfer, now);
}

std::optional<Bytes> HidDevice::read(std::uint8_t endpoint, Instant now) {
  return endpoint == kKeyEndpoint ? input_report(now) : std::nullopt;
}

std::optional<Device::Instant> HidDevice::next_due(std::uint8_t endpoint) const {
  return endpoint == kKeyEndpoint ? next_due() : std::nullopt;
}

std::optional<Bytes> HidDevice::class_request(const Setup& setup, ByteView data, Instant now) {
  if (setup.selector() == kSetReport) output_report(data, now);
  if (setup.selector() == kSetReport || setup.selector() == kSetIdle) return Bytes();
  return std::nullopt;
}

Result<void> HidDevice::set_fault(Fault fault) {
  if (fault == Fault::no_card || fault == Fault::power_loss || fault == Fault::real_time)
    return fail("unknown-fault", "A HID key does not have that fault.",
                "It belongs to a key created with --piv.");
  fault_ = fault;
  applet_.hide_license(fault == Fault::no_license);
  return {};
}

Result<void> HidDevice::copy_content(const Device& from) {
  const auto* const other = dynamic_cast<const HidDevice*>(&from);
  if (other == nullptr) return wrong_kind();
  return applet_.copy_content(other->state()) ? Result<void>() : unwritable();
}

nlohmann::json HidDevice::describe() const {
  const auto& held = state();
  auto slots = nlohmann::json::array();
  for (const auto& slot : held.slots)
    slots.push_back(slot ? nlohmann::json{{"generation", slot->generation},
                                          {"length", slot->content.size()},
                                          {"digest", to_hex(slot->digest)}}
                         : nlohmann::json());
  const auto& key = held.key.public_key();
  return {{"key", key_id(key.der())},
          {"algorithm", to_string(key.algorithm())},
          {"public_key", to_base64(key.der())},
          {"slots", std::move(slots)},
          {"stamp_length", held.stamp.size()}};
}

}  // namespace latchkey::emulator
