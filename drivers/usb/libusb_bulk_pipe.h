#pragma once

#include <libusb-1.0/libusb.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "drivers/usb/bulk_pipe.h"
#include "drivers/usb/ccid_interface.h"
#include "drivers/usb/unix_socket.h"

namespace latchkey {

/// A real CCID device through libusb, on a usbfs node that was opened here: libusb looks for no
/// device itself and watches none. The configuration is left as it is, the device is never reset,
/// and no other interface is touched, so that a composite token's HID side stays the kernel's.
class LibusbBulkPipe final : public BulkPipe {
 public:
  /// `node` is "/dev/bus/usb/BBB/DDD". `not_a_key` when it has no CCID interface.
  static KeyResult<std::unique_ptr<BulkPipe>> open(const std::string& node);
  ~LibusbBulkPipe() override { release(); }
  LibusbBulkPipe(const LibusbBulkPipe&) = delete;
  LibusbBulkPipe& operator=(const LibusbBulkPipe&) = delete;

  ByteView class_descriptor() const override { return interface_.descriptor; }
  KeyResult<void> claim(Deadline deadline) override;
  void release() noexcept override;
  KeyResult<void> write(ByteView message, Deadline deadline) override;
  KeyResult<Bytes> read(std::size_t limit, Deadline deadline) override;
  void cancel() noexcept override;

 private:
  struct Transfer;
  template <auto function>
  struct Deleter {
    template <class T>
    void operator()(T* object) const {
      function(object);
    }
  };

  explicit LibusbBulkPipe(Fd device) : device_(std::move(device)) {}
  KeyResult<void> wrap();
  KeyResult<std::size_t> run(std::uint8_t endpoint, std::span<std::uint8_t> buffer,
                             Deadline deadline);
  KeyResult<void> finish(Transfer& transfer, Deadline deadline);
  KeyError error(int code, std::string_view action) const;
  bool unplugged() const;

  Fd device_;
  std::unique_ptr<libusb_context, Deleter<libusb_exit>> context_;
  std::unique_ptr<libusb_device_handle, Deleter<libusb_close>> handle_;
  CcidInterface interface_;
  bool claimed_ = false;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace latchkey
