#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "drivers/card/card.h"
#include "drivers/pcsc/pcsc_card.h"

namespace latchkey {

/// A USB device that pcscd may hold or not: each begin() chooses, since pcscd is started by the
/// first program that needs it and ends when none is left.
class SwitchingCard final : public Card {
 public:
  struct Ways {
    /// Whether there is a pcscd to be asked.
    std::function<bool()> pcscd_listens;
    /// Null when the library is missing.
    std::unique_ptr<pcsc::PcscCard> pcscd;
    std::function<KeyResult<std::unique_ptr<Card>>()> open_usb;
  };

  explicit SwitchingCard(Ways ways) : ways_(std::move(ways)) {}

  KeyResult<CardLimits> begin(Deadline deadline) override;
  KeyResult<Bytes> transmit(ByteView command, Deadline deadline) override;
  void end(Leave leave) noexcept override;
  void cancel() noexcept override;
  std::string_view way() const override;

 private:
  KeyResult<bool> ask_pcscd(Deadline deadline);
  KeyResult<CardLimits> begin_usb(Deadline deadline);

  Ways ways_;
  Card* chosen_ = nullptr;
  std::mutex mutex_;  ///< for cancel(), which may meet the opening
  std::unique_ptr<Card> usb_;
  bool cancelled_ = false;
};

}  // namespace latchkey
