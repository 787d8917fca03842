#include "tools/latchkey-emulator/ccid/reader.h"

#include <algorithm>

#include "tools/latchkey-emulator/ccid/profile.h"

namespace latchkey::emulator::ccid {
namespace {

constexpr std::uint8_t kT1 = 1;  // bProtocolNum
constexpr std::uint8_t kClockStopped = 1;
constexpr std::uint8_t kMostVoltages = 3;  // bPowerSelect: automatic, 5, 3, 1.8 V

// wLevelParameter of a command, bChainParameter of a response (CCID 6.1.4, 6.2.1).
enum Chain : std::uint8_t { whole = 0, begins = 1, ends = 2, goes_on = 3, next_please = 0x10 };

ReplyType reply_type(Command command) {
  switch (command) {
    case Command::icc_power_on:
    case Command::xfr_block:
      return ReplyType::data_block;
    case Command::get_parameters:
    case Command::set_parameters:
    case Command::reset_parameters:
      return ReplyType::parameters;
    case Command::escape:
      return ReplyType::escape;
    default:
      return ReplyType::slot_status;
  }
}

Reply answer(const Request& request, IccStatus icc) {
  return {.type = reply_type(request.type),
          .slot = request.slot,
          .sequence = request.sequence,
          .icc = icc,
          .data = {}};
}

}  // namespace

const Bytes& Reader::atr() {
  static const Bytes kAtr{0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0,
                          0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40};
  return kAtr;
}

/// abProtocolDataStructure for T=1 (CCID 6.1.7), as the ATR has it.
Bytes Reader::default_parameters() {
  return {0x13,  // Fi, Di
          0x10,  // LRC, direct convention
          0,     // extra guard time
          0x15,  // block and character waiting times
          0,     // the clock may not be stopped
          0xFE,  // size of a block
          0};    // node address
}

void Reader::reset() {
  card_.reset();
  powered_ = chaining_ = false;
  command_.clear();
  response_.clear();
  parameters_ = default_parameters();
}

void Reader::set_card_present(bool present) {
  if (present != present_) reset();
  present_ = present;
}

IccStatus Reader::icc() const {
  if (!present_) return IccStatus::absent;
  return powered_ ? IccStatus::active : IccStatus::inactive;
}

std::size_t Reader::max_data() const { return max_message(card_.state().model) - kHeaderSize; }

Reply Reader::refusal(const Request& request, std::uint8_t error) const {
  auto out = answer(request, request.slot == 0 ? icc() : IccStatus::absent);
  out.failed = true;
  out.error = error;
  if (out.type == ReplyType::parameters) out.detail = kT1;
  return out;
}

Reply Reader::handle(const Request& request) {
  if (request.slot != 0) return refusal(request, error::kSlot);
  switch (request.type) {
    case Command::icc_power_on:
      return power_on(request);
    case Command::icc_power_off:
      return power_off(request);
    case Command::get_slot_status:
      break;
    case Command::abort:
      chaining_ = false;
      command_.clear();
      response_.clear();
      break;
    case Command::get_parameters:
    case Command::set_parameters:
    case Command::reset_parameters:
      return parameters(request);
    case Command::xfr_block:
      return exchange(request);
    default:
      return refusal(request, error::kNotSupported);
  }
  auto out = answer(request, icc());
  out.detail = powered_ ? 0 : kClockStopped;
  return out;
}

Reply Reader::power_on(const Request& request) {
  if (!present_) return refusal(request, error::kIccMute);
  if (request.parameters[0] > kMostVoltages) return refusal(request, error::kParameter);
  reset();
  powered_ = true;
  auto out = answer(request, icc());
  out.data = atr();
  return out;
}

Reply Reader::power_off(const Request& request) {
  reset();
  auto out = answer(request, icc());
  out.detail = kClockStopped;
  return out;
}

Reply Reader::parameters(const Request& request) {
  if (!present_) return refusal(request, error::kIccMute);
  if (request.type == Command::set_parameters) {
    if (request.parameters[0] != kT1) return refusal(request, error::kParameter);
    if (request.data.size() != parameters_.size()) return refusal(request, error::kLength);
    parameters_.assign(request.data.begin(), request.data.end());
  }
  if (request.type == Command::reset_parameters) parameters_ = default_parameters();
  auto out = answer(request, icc());
  out.detail = kT1;
  out.data = parameters_;
  return out;
}

Reply Reader::exchange(const Request& request) {
  if (!powered_) return refusal(request, error::kIccMute);
  if (!card_.short_apdu()) return exchange_extended(request);
  if (request.level() != whole) return refusal(request, error::kLevel);
  response_ = card_.transmit(request.data);
  return next_part(request, true);
}

/// A command may come in parts, and its response is fetched in parts when it is longer than a
/// message (CCID 6.1.4).
Reply Reader::exchange_extended(const Request& request) {
  const auto level = request.level();
  if (level == next_please && !response_.empty()) return next_part(request, false);
  const bool continues = level == ends || level == goes_on;
  if (level > goes_on || (continues && !chaining_)) return refusal(request, error::kLevel);
  if (!continues) command_.clear();
  command_.insert(command_.end(), request.data.begin(), request.data.end());
  const bool fits = command_.size() <= kMaxApdu;
  chaining_ = fits && (level == begins || level == goes_on);
  if (chaining_) {
    auto out = answer(request, icc());
    out.detail = next_please;
    return out;
  }
  const auto command = std::exchange(command_, {});
  if (!fits) return refusal(request, error::kLength);
  response_ = card_.transmit(command);
  return next_part(request, true);
}

Reply Reader::next_part(const Request& request, bool first) {
  auto out = answer(request, icc());
  const auto size = std::min(response_.size(), max_data());
  const auto end = response_.begin() + static_cast<std::ptrdiff_t>(size);
  out.data.assign(response_.begin(), end);
  response_.erase(response_.begin(), end);
  const bool last = response_.empty();
  if (first)
    out.detail = last ? whole : begins;
  else
    out.detail = last ? ends : goes_on;
  return out;
}

Bytes Reader::apdu_of(const Request& request) const {
  const auto level = request.level();
  if (request.type != Command::xfr_block || request.slot != 0 || !powered_ ||
      (level != whole && level != ends))
    return {};
  auto out = level == whole ? Bytes() : command_;
  out.insert(out.end(), request.data.begin(), request.data.end());
  return out;
}

}  // namespace latchkey::emulator::ccid
