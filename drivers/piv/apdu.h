#pragma once

#include <memory>

#include "drivers/card/card.h"

namespace latchkey::piv {

struct Command {
  enum class Answer {
    none,     ///< status only
    brief,    ///< at most 256 bytes
    lengthy,  ///< as much as there is
  };
  std::uint8_t ins = 0;
  std::uint8_t p1 = 0;
  std::uint8_t p2 = 0;
  Bytes data;  ///< at most 65,535 bytes
  Answer answer = Answer::brief;
};

struct Response {
  std::uint16_t status = 0;
  Bytes data;
};

/// Commands to the card, from begin() to end(): how long commands and answers are cut for it (ISO
/// 7816-4 section 5.1). Everything the card says is hostile; an answer is bounded.
class ApduLink {
 public:
  static constexpr std::size_t kMostAnswer = 8192;

  static KeyResult<ApduLink> begin(Card& card, Deadline deadline);

  /// The answer put together and the last status word, whatever it says. In one extended APDU when
  /// the way to the card takes it, else chained. A card that then refuses the extended form itself
  /// (6700) gets short ones from there on. Errors: the card's; `protocol`.
  KeyResult<Response> exchange(const Command& command);
  /// From here on something is unlocked that no other program may find so.
  void reset_at_end() { card_.get_deleter().leave = Leave::reset; }

 private:
  struct End {
    Leave leave;
    void operator()(Card* card) const noexcept { card->end(leave); }
  };
  ApduLink(Card& card, const CardLimits& limits, Deadline deadline)
      : card_(&card, End{Leave::as_is}),
        limits_(limits),
        deadline_(deadline),
        extended_(limits.extended()) {}

  KeyResult<Response> send(const Command& command);
  KeyResult<Response> send_chained(const Command& command);
  KeyResult<Response> transmit(ByteView apdu);
  KeyResult<Response> collect(Response first);

  std::unique_ptr<Card, End> card_;
  CardLimits limits_;
  Deadline deadline_;
  bool extended_;
};

}  // namespace latchkey::piv
