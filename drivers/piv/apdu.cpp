#include "drivers/piv/apdu.h"

#include <algorithm>

#include "core/base/big_endian.h"
#include "drivers/piv/status.h"

namespace latchkey::piv {
namespace {

constexpr std::size_t kShortData = 255;
constexpr std::uint8_t kChained = 0x10;  // CLA: more of this command follows
constexpr std::uint8_t kGetResponse = 0xC0;
constexpr std::uint16_t kMoreData = 0x6100;
constexpr std::uint16_t kWrongLe = 0x6C00;

/// `most`: the answer's length at most; Le of all zeros is the form's own most.
Bytes extended_apdu(const Command& command, std::size_t most) {
  Bytes out{0, command.ins, command.p1, command.p2, 0};
  if (!command.data.empty()) put_u16(out, static_cast<std::uint32_t>(command.data.size()));
  put_bytes(out, command.data);
  if (command.answer != Command::Answer::none)
    put_u16(out, most >= 0x10000 ? 0 : static_cast<std::uint32_t>(most));
  return out;
}

Bytes short_apdu(const Command& command, ByteView data, bool last) {
  Bytes out{last ? std::uint8_t{0} : kChained, command.ins, command.p1, command.p2};
  if (!data.empty()) out.push_back(static_cast<std::uint8_t>(data.size()));
  put_bytes(out, data);
  if (last && command.answer != Command::Answer::none) out.push_back(0);
  return out;
}

bool is(std::uint16_t status, std::uint16_t family) { return (status & 0xFF00) == family; }

}  // namespace

KeyResult<ApduLink> ApduLink::begin(Card& card, Deadline deadline) {
  LK_TRY(const auto limits, card.begin(deadline));
  return ApduLink(card, limits, deadline);
}

KeyResult<Response> ApduLink::exchange(const Command& command) {
  LK_TRY(auto first, send(command));
  return collect(std::move(first));
}

KeyResult<Response> ApduLink::send(const Command& command) {
  const bool lengthy =
      command.data.size() > kShortData || command.answer == Command::Answer::lengthy;
  if (extended_ && lengthy) {
    const auto apdu = extended_apdu(command, std::max(limits_.max_response, std::size_t{258}) - 2);
    if (apdu.size() <= limits_.max_command) {
      LK_TRY(auto response, transmit(apdu));
      if (response.status != kWrongLength && !is(response.status, kWrongLe)) return response;
      extended_ = false;
    }
  }
  return send_chained(command);
}

KeyResult<Response> ApduLink::send_chained(const Command& command) {
  ByteView rest = command.data;
  while (rest.size() > kShortData) {
    LK_TRY(auto response, transmit(short_apdu(command, rest.first(kShortData), false)));
    if (response.status != kDone) return response;
    rest = rest.subspan(kShortData);
  }
  auto apdu = short_apdu(command, rest, true);
  LK_TRY(auto response, transmit(apdu));
  if (!is(response.status, kWrongLe) || command.answer == Command::Answer::none) return response;
  apdu.back() = static_cast<std::uint8_t>(response.status);
  return transmit(apdu);
}

KeyResult<Response> ApduLink::transmit(ByteView apdu) {
  LK_TRY(auto bytes, card_->transmit(apdu, deadline_));
  if (bytes.size() < 2 || bytes.size() > kMostAnswer + 2)
    return key_fail(KeyError::Kind::protocol,
                    "an answer of " + std::to_string(bytes.size()) + " bytes");
  const auto status = static_cast<std::uint16_t>(get_u16(bytes, bytes.size() - 2));
  bytes.resize(bytes.size() - 2);
  return Response{status, std::move(bytes)};
}

KeyResult<Response> ApduLink::collect(Response first) {
  auto out = std::move(first);
  while (is(out.status, kMoreData)) {
    const Bytes more{0, kGetResponse, 0, 0, static_cast<std::uint8_t>(out.status)};
    LK_TRY(const auto part, transmit(more));
    out.status = part.status;
    // Every part must bring something, or a card could go on for ever.
    if (is(out.status, kMoreData) && part.data.empty())
      return key_fail(KeyError::Kind::protocol, "GET RESPONSE brought nothing");
    if (part.data.size() > kMostAnswer - out.data.size())
      return key_fail(KeyError::Kind::protocol, "an answer that does not end");
    put_bytes(out.data, part.data);
  }
  return out;
}

}  // namespace latchkey::piv
