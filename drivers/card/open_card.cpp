#include "drivers/card/card.h"
#include "drivers/ccid/ccid_card.h"
#include "drivers/usb/emulated_bulk_pipe.h"
#include "drivers/usb/libusb_bulk_pipe.h"

namespace latchkey {

KeyResult<std::unique_ptr<Card>> open_card(const DeviceRef& device) {
  LK_TRY(auto pipe,
         device.emulated ? EmulatedBulkPipe::open(device.node) : LibusbBulkPipe::open(device.node));
  return std::make_unique<ccid::CcidCard>(std::move(pipe),
                                          device.emulated ? "emulated port" : "USB");
}

}  // namespace latchkey
