#include "tools/latchkey-emulator/ccid/profile.h"

#include "tools/latchkey-emulator/ccid/message.h"
#include "tools/latchkey-emulator/device/device.h"
#include "tools/latchkey-emulator/piv/card.h"

namespace latchkey::emulator::ccid {
namespace {

// libccid serves only the products of its list: docs/emulator.md.
constexpr std::uint16_t kVendor = 0x1050, kCcidOnly = 0x0404, kFidoAndCcid = 0x0406;
constexpr std::size_t kShortApdu = 261;

void put_le32(Bytes& out, std::size_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// CCID 1.1 section 5.1.
Bytes class_descriptor(const piv::Model& model) {
  constexpr std::uint32_t kT1 = 2, kClockKhz = 4000, kDataRate = 307200, kMaxIfsd = 254;
  // Everything automatic: parameters, activation, voltage, clock, baud rate, PPS.
  constexpr std::uint32_t kAutomatic = 0xFE, kShortLevel = 0x20000, kExtendedLevel = 0x40000;
  Bytes out{54,  0x21, 0x10, 0x01,  // CCID 1.10
            0,                      // one slot
            0x07};                  // 5, 3 and 1.8 V
  for (const std::size_t field : {kT1, kClockKhz, kClockKhz}) put_le32(out, field);
  out.push_back(0);  // no list of clocks
  for (const std::size_t field : {kDataRate, kDataRate}) put_le32(out, field);
  out.push_back(0);  // no list of data rates
  const auto features = kAutomatic | (model.short_apdu ? kShortLevel : kExtendedLevel);
  for (const std::size_t field : {kMaxIfsd, std::uint32_t{0}, std::uint32_t{0}, features})
    put_le32(out, field);
  put_le32(out, max_message(model));
  out.insert(out.end(), {0xFF, 0xFF,  // class of GET RESPONSE and ENVELOPE: the command's
                         0, 0, 0,     // no display, no PIN pad
                         1});         // busy slots
  return out;
}

Endpoint endpoint(std::uint8_t address, TransferType type, std::uint16_t packet,
                  std::uint8_t interval) {
  return {address, type, packet, interval};
}

Interface ccid_interface(const piv::Model& model) {
  constexpr auto kKey = Device::kKeyEndpoint;
  return {.interface_class = Interface::kSmartCard,
          .class_descriptor = class_descriptor(model),
          .report_descriptor = {},
          .endpoints = {endpoint(kKey, TransferType::bulk, kPacket, 0),
                        endpoint(kIn | kKey, TransferType::bulk, kPacket, 0),
                        endpoint(kIn | kNotifyEndpoint, TransferType::interrupt, 8, 32)}};
}

/// CTAP 2.1 section 11.2.8.1: two 64-byte reports on usage page F1D0.
Interface fido_interface() {
  const Bytes report{0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26,
                     0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00,
                     0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xC0};
  return {.interface_class = Interface::kHid,
          .class_descriptor = hid_descriptor(report),
          .report_descriptor = report,
          .endpoints = {endpoint(kFidoEndpoint, TransferType::interrupt, kPacket, 2),
                        endpoint(kIn | kFidoEndpoint, TransferType::interrupt, kPacket, 2)}};
}

}  // namespace

std::size_t max_message(const piv::Model& model) {
  return kHeaderSize + (model.short_apdu ? kShortApdu : piv::PivCard::kMaxCommand);
}

UsbProfile make_profile(const piv::Model& model) {
  const auto version = model.version();
  UsbProfile usb{
      .vendor = kVendor,
      .product = model.composite ? kFidoAndCcid : kCcidOnly,
      .release = static_cast<std::uint16_t>(version[0] << 8 | version[1] << 4 | version[2]),
      .manufacturer = "Yubico",
      .name = model.composite ? "YubiKey FIDO+CCID" : "YubiKey CCID",
      .interfaces = {}};
  if (model.composite) usb.interfaces.push_back(fido_interface());
  usb.interfaces.push_back(ccid_interface(model));
  return usb;
}

}  // namespace latchkey::emulator::ccid
