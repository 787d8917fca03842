#include "drivers/card/switching_card.h"

#include "drivers/usb/report_pipe.h"

namespace latchkey {

KeyResult<CardLimits> SwitchingCard::begin(Deadline deadline) {
  end(Leave::as_is);
  auto served = ask_pcscd(deadline);
  if (served && *served) {
    chosen_ = ways_.pcscd.get();
    return chosen_->begin(deadline);
  }
  if (!served && served.error().kind == KeyError::Kind::gone)
    return tl::make_unexpected(std::move(served).error());
  auto limits = begin_usb(deadline);
  // Then pcscd has it, and what was wrong there is what is wrong.
  if (!limits && limits.error().kind == KeyError::Kind::busy && !served)
    return tl::make_unexpected(std::move(served).error());
  return limits;
}

KeyResult<bool> SwitchingCard::ask_pcscd(Deadline deadline) {
  if (!ways_.pcscd_listens()) return false;
  if (!ways_.pcscd) return tl::make_unexpected(pcsc::library_missing());
  return ways_.pcscd->serves(deadline);
}

KeyResult<CardLimits> SwitchingCard::begin_usb(Deadline deadline) {
  if (!usb_) {
    LK_TRY(auto opened, ways_.open_usb());
    const std::lock_guard lock(mutex_);
    usb_ = std::move(opened);
    if (cancelled_) usb_->cancel();
  }
  chosen_ = usb_.get();
  return chosen_->begin(deadline);
}

KeyResult<Bytes> SwitchingCard::transmit(ByteView command, Deadline deadline) {
  if (chosen_ == nullptr) return key_fail(KeyError::Kind::protocol, "the card has not been taken");
  return chosen_->transmit(command, deadline);
}

void SwitchingCard::end(Leave leave) noexcept {
  if (chosen_ != nullptr) chosen_->end(leave);
}

void SwitchingCard::cancel() noexcept {
  if (ways_.pcscd) ways_.pcscd->cancel();
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (usb_) usb_->cancel();
}

std::string_view SwitchingCard::way() const {
  return chosen_ != nullptr ? chosen_->way() : "none yet";
}

}  // namespace latchkey
