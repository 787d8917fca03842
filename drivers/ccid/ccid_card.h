#pragma once

#include <memory>

#include "drivers/card/card.h"
#include "drivers/ccid/class_descriptor.h"
#include "drivers/ccid/messages.h"
#include "drivers/usb/bulk_pipe.h"

namespace latchkey::ccid {

/// The card in slot 0 of a CCID reader, or the token that is both, over its bulk pipe (CCID 1.1).
/// The card is switched off by end(), however it is asked to be left: nothing that it was shown,
/// such as an authenticated management key, is left for the next program. Errors as `Card` has
/// them; the longest messages at extended APDU level are sent and taken in parts.
class CcidCard final : public Card {
 public:
  /// How long a reader in step may take for GetSlotStatus.
  static constexpr std::chrono::milliseconds kStatusTime{500};

  CcidCard(std::unique_ptr<BulkPipe> pipe, std::string_view way)
      : pipe_(std::move(pipe)), way_(way) {}
  ~CcidCard() override { end(Leave::reset); }
  CcidCard(const CcidCard&) = delete;
  CcidCard& operator=(const CcidCard&) = delete;

  KeyResult<CardLimits> begin(Deadline deadline) override;
  KeyResult<Bytes> transmit(ByteView command, Deadline deadline) override;
  void end(Leave leave) noexcept override;
  void cancel() noexcept override { pipe_->cancel(); }
  std::string_view way() const override { return way_; }

 private:
  /// What becomes of an answer that makes no sense, or answers something else.
  enum class Nonsense { fails, is_skipped };

  KeyResult<CardLimits> start(Deadline deadline);
  KeyResult<void> power_on(Deadline deadline);
  KeyResult<Reply> synchronise(Deadline deadline);
  KeyResult<void> discard_input();
  KeyResult<Reply> send_command(ByteView command, Deadline deadline);
  KeyResult<Bytes> take_response(Reply reply, Deadline deadline);
  KeyResult<Reply> transfer(ByteView part, Chain chain, Deadline deadline);
  KeyResult<Reply> exchange(ByteView message, Answer expected, Deadline deadline,
                            Nonsense nonsense = Nonsense::fails);
  KeyResult<Reply> receive(std::uint8_t sequence, Answer expected, Deadline deadline,
                           Nonsense nonsense);

  std::unique_ptr<BulkPipe> pipe_;
  std::string_view way_;
  ClassDescriptor reader_;
  std::uint8_t sequence_ = 0;
  bool claimed_ = false;
  bool powered_ = false;
  bool in_step_ = true;  ///< no answer is owed, as far as is known
};

}  // namespace latchkey::ccid
