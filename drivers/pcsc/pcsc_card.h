#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "drivers/card/card.h"
#include "drivers/pcsc/call_thread.h"
#include "drivers/pcsc/pcsc_session.h"

namespace latchkey::pcsc {

/// The SCARD_ATTR_CHANNEL_ID of the device at "/dev/bus/usb/BBB/DDD".
std::optional<std::uint32_t> channel_of(std::string_view node);

/// Whether there is a pcscd to be asked, running or to be started by its socket. What it serves is
/// another question.
bool pcscd_listens();

/// What is wrong when there is, but load_api() finds no library.
KeyError library_missing();

/// What the system knows of the device behind a reader.
struct DeviceFacts {
  std::function<bool()> is_new;    ///< plugged in so lately that pcscd may not have seen it yet
  std::function<bool()> is_there;  ///< still plugged in
};

/// A card through pcscd, shared with other programs and exclusively between begin() and end().
/// PC/SC has no deadlines: its calls wait for other programs' transactions on a thread of their
/// own, which is left behind when the deadline passes.
class PcscCard final : public Card {
 public:
  PcscCard(const Api& api, std::uint32_t channel, DeviceFacts device);
  ~PcscCard() override { end(Leave::as_is); }
  PcscCard(const PcscCard&) = delete;
  PcscCard& operator=(const PcscCard&) = delete;

  /// Whether pcscd serves the device, which begin() then takes; waits for a device that is new.
  /// Errors: why that cannot be said.
  KeyResult<bool> serves(Deadline deadline);
  KeyResult<CardLimits> begin(Deadline deadline) override;
  KeyResult<Bytes> transmit(ByteView command, Deadline deadline) override;
  void end(Leave leave) noexcept override;
  void cancel() noexcept override { thread_.cancel(); }
  std::string_view way() const override { return "PC/SC (pcscd)"; }

 private:
  /// pcscd has no code for a device that was pulled in the middle of a command.
  template <class T>
  KeyResult<T> run(std::function<KeyResult<T>(Session&)> call, KeyError late, Deadline deadline);

  std::shared_ptr<Session> session_;
  DeviceFacts device_;
  bool open_ = false;   ///< the session may hold something
  bool stuck_ = false;  ///< the last call was left to the thread
  CallThread thread_;
};

}  // namespace latchkey::pcsc
