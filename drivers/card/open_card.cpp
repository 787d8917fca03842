#include <unistd.h>

#include "drivers/card/switching_card.h"
#include "drivers/ccid/ccid_card.h"
#include "drivers/usb/emulated_bulk_pipe.h"
#include "drivers/usb/libusb_bulk_pipe.h"
#include "drivers/usb/usb_node.h"

namespace latchkey {
namespace {

/// pcscd needs about a second to open a device.
constexpr std::chrono::milliseconds kNew{2000};

KeyResult<std::unique_ptr<Card>> open_usb(const std::string& node) {
  LK_TRY(auto pipe, LibusbBulkPipe::open(node));
  return std::make_unique<ccid::CcidCard>(std::move(pipe), "USB");
}

/// Null when libpcsclite is not installed, or for a node that PC/SC cannot know.
std::unique_ptr<pcsc::PcscCard> pcscd_card(const std::string& node) {
  const auto channel = pcsc::channel_of(node);
  const auto* api = channel ? pcsc::load_api() : nullptr;
  if (api == nullptr) return nullptr;
  const auto is_new = [node] {
    const auto time = connected_for(node);
    return time && *time < kNew;
  };
  const auto is_there = [node] { return ::access(node.c_str(), F_OK) == 0; };
  return std::make_unique<pcsc::PcscCard>(*api, *channel, pcsc::DeviceFacts{is_new, is_there});
}

}  // namespace

KeyResult<std::unique_ptr<Card>> open_card(const DeviceRef& device) {
  if (device.emulated) {
    LK_TRY(auto pipe, EmulatedBulkPipe::open(device.node));
    return std::make_unique<ccid::CcidCard>(std::move(pipe), "emulated port");
  }
  SwitchingCard::Ways ways;
  ways.pcscd_listens = pcsc::pcscd_listens;
  ways.pcscd = pcscd_card(device.node);
  ways.open_usb = [node = device.node] { return open_usb(node); };
  return std::make_unique<SwitchingCard>(std::move(ways));
}

KeyResult<bool> pcscd_serves(const std::string& node, Deadline deadline) {
  if (!pcsc::pcscd_listens()) return false;
  const auto card = pcscd_card(node);
  if (!card) return tl::make_unexpected(pcsc::library_missing());
  return card->serves(deadline);
}

}  // namespace latchkey
