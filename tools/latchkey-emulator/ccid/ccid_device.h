#pragma once

#include <deque>

#include "tools/latchkey-emulator/ccid/reader.h"
#include "tools/latchkey-emulator/device/device.h"

namespace latchkey::emulator::ccid {

/// A PIV token: a CCID reader with a card in it, and a FIDO HID interface that takes everything and
/// says nothing when the model has one.
class CcidDevice final : public Device {
 public:
  static constexpr std::chrono::milliseconds kSlowBy{700};         ///< the fault `slow`
  static constexpr std::chrono::milliseconds kSignatureTime{70};   ///< `real-time`: P-256
  static constexpr std::chrono::milliseconds kTimeExtension{100};  ///< and the extensions meanwhile
  static constexpr std::size_t kMostAnswers = 64;                  ///< that a host leaves unread

  CcidDevice(piv::PivState state, piv::Persist persist);

  std::string_view driver() const override { return "piv"; }
  const UsbProfile& usb() const override { return usb_; }
  void attach() override;
  void detach() override;
  bool attached() const override { return attached_; }
  void write(std::uint8_t endpoint, ByteView transfer, Instant now) override;
  std::optional<Bytes> read(std::uint8_t endpoint, Instant now) override;
  std::optional<Instant> next_due(std::uint8_t endpoint) const override;
  std::optional<Bytes> class_request(const Setup& setup, ByteView data, Instant now) override;
  Result<void> set_fault(Fault fault) override;
  Fault fault() const override { return fault_; }
  Result<void> copy_content(const Device& from) override;
  nlohmann::json describe() const override;

  const piv::PivState& state() const { return reader_.card().state(); }

 private:
  struct Pending {
    Instant due;
    Bytes message;
    bool unplug = false;  ///< the fault `unplug-read` strikes after this one
  };

  void on_message(ByteView message, Instant now);
  bool strikes(const Request& request);
  void answer(const Reply& reply, Instant now);
  void push(Instant due, Bytes message);
  bool busy(Instant now) const;
  void notify();
  Bytes spoil(Bytes message) const;

  UsbProfile usb_;
  Reader reader_;
  Fault fault_ = Fault::none;
  bool attached_ = false;
  Bytes arriving_;  ///< the transfers of a message that is not whole
  std::deque<Pending> answers_;
  bool slot_changed_ = false;  ///< NotifySlotChange is due
};

}  // namespace latchkey::emulator::ccid
