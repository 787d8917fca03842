#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "drivers/hidkey/ctaphid.h"
#include "tools/latchkey-emulator/device/device.h"
#include "tools/latchkey-emulator/hidkey/applet.h"

namespace latchkey::emulator {

/// A Latchkey HID key, the device side of docs/protocol-hidkey.md: output reports in, input reports
/// out.
class HidDevice final : public Device {
 public:
  static constexpr std::chrono::milliseconds kSlowBy{700};     ///< the fault `slow`
  static constexpr std::chrono::milliseconds kKeepalive{100};  ///< protocol section 6
  static constexpr std::chrono::milliseconds kPacketGap{500};  ///< protocol section 3
  static constexpr std::size_t kMostChannels = 16;

  HidDevice(KeyState state, Persist persist);

  std::string_view driver() const override { return "hidkey"; }
  const UsbProfile& usb() const override;
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

  /// Anything that is not a 64-byte report is ignored.
  void output_report(ByteView report, Instant now);
  /// The next input report that is due: 64 bytes, fewer only under the fault `short`.
  std::optional<Bytes> input_report(Instant now);
  std::optional<Instant> next_due() const;
  const KeyState& state() const { return applet_.state(); }

 private:
  struct Pending {
    Instant due;
    Report report;
    bool unplug = false;  ///< the fault `unplug-read` strikes after this one
  };
  /// A request that has not arrived whole.
  struct Request {
    ctaphid::Assembler assembler;
    std::uint32_t channel = 0;
    Instant last_packet;
  };

  void on_initial(const ctaphid::Packet& packet, Instant now);
  void on_init(const ctaphid::Packet& packet, Instant now);
  void on_continuation(const ctaphid::Packet& packet, Instant now);
  void advance(ctaphid::Assembler::Step step, std::uint32_t channel, Instant now);
  void execute(const ctaphid::Message& request, Instant now);
  void answer(const ctaphid::Message& message, Instant now);
  void refuse(std::uint32_t channel, ctaphid::ErrorCode code, Instant now);
  void control(const ctaphid::Message& message, Instant now);
  void expire(Instant now);
  void end_transaction();
  bool knows(std::uint32_t channel) const;
  std::uint32_t allocate();
  Bytes spoil(const Report& report) const;

  Applet applet_;
  Fault fault_ = Fault::none;
  bool attached_ = false;
  std::deque<std::uint32_t> channels_;  ///< the oldest first
  std::uint32_t next_channel_ = 1;
  std::optional<Request> request_;
  std::deque<Pending> control_;  ///< INIT answers and errors: no transaction
  std::deque<Pending> answer_;   ///< what is left of the running transaction's answer
  std::uint32_t answering_ = 0;  ///< its channel, while answer_ is not empty
};

}  // namespace latchkey::emulator
