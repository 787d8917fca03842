#include "drivers/ccid/ccid_card.h"

#include <algorithm>
#include <utility>

#include "drivers/usb/report_pipe.h"

namespace latchkey::ccid {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLeftoverTime{20};  ///< silence after which nothing is left over
constexpr milliseconds kPowerOffTime{200};
constexpr std::size_t kShortCommand = 261;  ///< ISO 7816-4 5.1
constexpr std::size_t kShortResponse = 258;
constexpr std::size_t kExtendedCommand = 65'544;
constexpr std::size_t kExtendedResponse = 65'538;

tl::unexpected<KeyError> protocol_error(std::string detail) {
  return key_fail(KeyError::Kind::protocol, std::move(detail));
}

/// Why a command failed, of a card that had been `powered` before.
tl::unexpected<KeyError> failure(const Reply& reply, bool powered) {
  if (reply.icc == Reply::Icc::absent)
    return powered ? key_fail(KeyError::Kind::gone, "the card has left the reader")
                   : key_fail(KeyError::Kind::not_a_key, "no card in the reader");
  if (reply.status == Reply::Status::failed && reply.error == kErrorMute)
    return key_fail(powered ? KeyError::Kind::protocol : KeyError::Kind::not_a_key,
                    "the card does not answer the reader");
  return protocol_error("the reader answered error 0x" + to_hex(ByteView(&reply.error, 1)));
}

bool is_busy(const Reply& reply) {
  return reply.status == Reply::Status::failed && reply.error == kErrorSlotBusy;
}

}  // namespace

KeyResult<CardLimits> CcidCard::begin(Deadline deadline) {
  auto limits = start(deadline);
  if (!limits) end(Leave::reset);
  return limits;
}

KeyResult<CardLimits> CcidCard::start(Deadline deadline) {
  powered_ = false;
  auto reader = parse_class_descriptor(pipe_->class_descriptor());
  if (!reader)
    return key_fail(KeyError::Kind::not_a_key, "unsupported reader (malformed class descriptor)");
  if (reader->level == ClassDescriptor::Level::tpdu)
    return key_fail(KeyError::Kind::not_a_key, "unsupported reader (TPDU level) without pcscd");
  reader_ = *std::move(reader);
  LK_CHECK(pipe_->claim(deadline));
  claimed_ = true;
  LK_TRY(const auto status, synchronise(deadline));
  if (status.icc == Reply::Icc::absent) return failure(status, powered_);
  LK_CHECK(power_on(deadline));
  if (reader_.level == ClassDescriptor::Level::short_apdu)
    return CardLimits{kShortCommand, kShortResponse};
  return CardLimits{std::max(kShortCommand, reader_.max_message - kHeaderSize), kExtendedResponse};
}

KeyResult<void> CcidCard::power_on(Deadline deadline) {
  Reply reply{};
  for (const auto select : reader_.power_selects) {
    const auto message = encode(Command::icc_power_on, ++sequence_, select);
    LK_TRY(reply, exchange(message, Answer::data_block, deadline));
    powered_ = reply.status == Reply::Status::done;
    if (powered_) return {};
    if (reply.icc == Reply::Icc::absent) break;
    // Off before the next voltage (ISO 7816-3 6.2).
    const auto off = encode(Command::icc_power_off, ++sequence_);
    LK_CHECK(exchange(off, Answer::slot_status, deadline));
  }
  return failure(reply, false);
}

KeyResult<Bytes> CcidCard::transmit(ByteView command, Deadline deadline) {
  if (!powered_) return protocol_error("the card has not been powered");
  const auto longest = reader_.level == ClassDescriptor::Level::short_apdu
                           ? std::min(kShortCommand, reader_.max_message - kHeaderSize)
                           : kExtendedCommand;
  if (command.size() > longest) return protocol_error("a command longer than the reader takes");
  powered_ = false;  // until it has worked: begin() is to start clean after any error
  LK_TRY(auto reply, send_command(command, deadline));
  LK_TRY(auto response, take_response(std::move(reply), deadline));
  if (response.size() < 2) return protocol_error("a response without a status");
  powered_ = true;
  return response;
}

/// Sends the command in as many parts as the reader's longest message asks for; the reply to the
/// last one.
KeyResult<Reply> CcidCard::send_command(ByteView command, Deadline deadline) {
  const auto most = reader_.max_message - kHeaderSize;
  if (command.size() <= most) return transfer(command, Chain::whole, deadline);
  for (auto chain = Chain::first; command.size() > most; chain = Chain::middle) {
    LK_TRY(const auto reply, transfer(command.first(most), chain, deadline));
    if (reply.chain != Chain::next || !reply.data.empty())
      return protocol_error("an answer to half a command");
    command = command.subspan(most);
  }
  return transfer(command, Chain::last, deadline);
}

/// The whole response, of which `reply` carries the first part.
KeyResult<Bytes> CcidCard::take_response(Reply reply, Deadline deadline) {
  const bool short_level = reader_.level == ClassDescriptor::Level::short_apdu;
  const auto longest = short_level ? kShortResponse : kExtendedResponse;
  Bytes response = std::move(reply.data);
  if (!short_level && reply.chain != Chain::whole && reply.chain != Chain::first)
    return protocol_error("a response that does not begin");
  for (bool more = !short_level && reply.chain == Chain::first; more;) {
    LK_TRY(const auto next, transfer({}, Chain::next, deadline));
    if ((next.chain != Chain::middle && next.chain != Chain::last) || next.data.empty())
      return protocol_error("a response that does not go on");
    response.insert(response.end(), next.data.begin(), next.data.end());
    more = next.chain == Chain::middle;
    if (response.size() > longest) break;
  }
  if (response.size() > longest) return protocol_error("a response longer than any");
  return response;
}

KeyResult<Reply> CcidCard::transfer(ByteView part, Chain chain, Deadline deadline) {
  const auto message =
      encode(Command::xfr_block, ++sequence_, static_cast<std::uint8_t>(chain), part);
  LK_TRY(auto reply, exchange(message, Answer::data_block, deadline));
  if (reply.status != Reply::Status::done) return failure(reply, true);
  return reply;
}

/// Gets into step: whatever comes before the answer to a fresh GetSlotStatus is left over, from a
/// call that failed or from another program. A reader that holds an old answer back may take no
/// command before that has been fetched.
KeyResult<Reply> CcidCard::synchronise(Deadline deadline) {
  if (!in_step_) LK_CHECK(discard_input());
  for (;;) {
    const auto message = encode(Command::get_slot_status, ++sequence_);
    auto status =
        exchange(message, Answer::slot_status,
                 std::min(deadline, steady_clock::now() + kStatusTime), Nonsense::is_skipped);
    if (status && !is_busy(*status)) return status;
    if (!status && status.error().kind != KeyError::Kind::timeout) return status;
    if (steady_clock::now() >= deadline)
      return key_fail(KeyError::Kind::timeout, "the reader is busy with an earlier command");
    LK_CHECK(discard_input());
  }
}

KeyResult<void> CcidCard::discard_input() {
  constexpr int kMost = 64;
  for (int i = 0; i < kMost; ++i) {
    const auto message = pipe_->read(reader_.max_message, steady_clock::now() + kLeftoverTime);
    if (message || message.error().kind == KeyError::Kind::protocol) continue;
    if (message.error().kind == KeyError::Kind::timeout) return {};
    return tl::make_unexpected(message.error());
  }
  return {};
}

KeyResult<Reply> CcidCard::exchange(ByteView message, Answer expected, Deadline deadline,
                                    Nonsense nonsense) {
  in_step_ = false;
  LK_CHECK(pipe_->write(message, deadline));
  return receive(sequence_, expected, deadline, nonsense);
}

KeyResult<Reply> CcidCard::receive(std::uint8_t sequence, Answer expected, Deadline deadline,
                                   Nonsense nonsense) {
  for (;;) {
    LK_TRY(const auto message, pipe_->read(reader_.max_message, deadline));
    auto reply = parse_reply(message);
    // An empty transfer ends one that filled its last packet.
    if (!reply && !message.empty() && nonsense == Nonsense::fails)
      return protocol_error("malformed answer of the reader");
    const bool ours = reply && reply->slot == 0 && reply->sequence == sequence;
    if (ours && reply->status != Reply::Status::time_extension) {
      // A command that failed may be answered with the plain status.
      const bool fits = reply->type == expected || (reply->type == Answer::slot_status &&
                                                    reply->status == Reply::Status::failed);
      in_step_ = fits;
      if (fits) return *std::move(reply);
      if (nonsense == Nonsense::fails) return protocol_error("answer to another command");
    }
    if (steady_clock::now() >= deadline)
      return key_fail(KeyError::Kind::timeout, "the reader does not finish its answer");
  }
}

void CcidCard::end(Leave) noexcept {
  if (std::exchange(powered_, false) && in_step_) {
    const auto message = encode(Command::icc_power_off, ++sequence_);
    (void)exchange(message, Answer::slot_status, steady_clock::now() + kPowerOffTime);
  }
  if (std::exchange(claimed_, false)) pipe_->release();
}

}  // namespace latchkey::ccid
