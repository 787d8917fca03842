#include "tools/latchkey-emulator/piv/card.h"

#include <algorithm>

namespace latchkey::emulator::piv {
namespace {

constexpr std::uint8_t kSelect = 0xA4, kGetResponse = 0xC0, kPutData = 0xDB, kAuthenticate = 0x87;
constexpr std::uint8_t kChained = 0x10;
constexpr std::array<std::uint8_t, 11> kAid{0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                            0x00, 0x10, 0x00, 0x01, 0x00};
constexpr std::size_t kProvider = 5;  // as much of the AID as a SELECT must give

Bytes status(Sw sw) { return response({}, static_cast<std::uint16_t>(sw)); }

/// SP 800-73-4 part 2, table 3.
Bytes application_template() {
  return {0x61, 0x11, 0x4F, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00,
          0x79, 0x07, 0x4F, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08};
}

}  // namespace

void PivCard::reset() {
  application_.reset();
  selected_ = chaining_ = false;
  waiting_.clear();
}

bool PivCard::writes(ByteView command) { return command.size() > 1 && command[1] == kPutData; }
bool PivCard::signs(ByteView command) { return command.size() > 1 && command[1] == kAuthenticate; }

Bytes PivCard::transmit(ByteView bytes) {
  if (bytes.size() > kMaxCommand) return status(Sw::wrong_length);
  auto command = parse_command(bytes);
  if (!command || (command->extended && short_apdu())) return status(Sw::wrong_length);
  if ((command->cla & ~kChained) != 0) return status(Sw::unknown_class);
  if (command->ins == kGetResponse) return get_response(*command);
  waiting_.clear();
  if (command->ins == kSelect) return select(*command);
  if (!selected_) return status(Sw::unknown_instruction);
  return execute(std::move(*command));
}

Bytes PivCard::execute(Command command) {
  // PUT DATA is written as it comes, part by part.
  if (command.ins != kPutData) {
    if (!collect(command)) return status(Sw::wrong_length);
    if (chaining_) return status(Sw::ok);
  }
  auto answer = application_.execute(command);
  if (!answer) return status(answer.error());
  return deliver(std::move(*answer), command.most);
}

/// Puts the parts of a chain together, into `command` with the last one. A part of another command
/// ends the chain. False: it has become too long.
bool PivCard::collect(Command& command) {
  const bool same = chain_.ins == command.ins && chain_.p1p2() == command.p1p2();
  if (!chaining_ || !same) chain_.data.clear();
  chain_.data.insert(chain_.data.end(), command.data.begin(), command.data.end());
  chain_.ins = command.ins;
  chain_.p1 = command.p1;
  chain_.p2 = command.p2;
  const bool fits = chain_.data.size() <= kMaxChain;
  chaining_ = command.chained() && fits;
  if (!chaining_) command.data = std::exchange(chain_.data, {});
  return fits;
}

/// The PIV application by its AID, whole or cut short at the right (ISO 7816-4 11.1.1).
Bytes PivCard::select(const Command& command) {
  if (command.p1 != 4) return status(Sw::wrong_parameters);
  const auto& aid = command.data;
  if (aid.size() < kProvider || aid.size() > kAid.size() ||
      !std::ranges::equal(aid, std::span(kAid).first(aid.size())))
    return status(Sw::not_found);
  reset();
  selected_ = true;
  return deliver(application_template(), command.most);
}

Bytes PivCard::get_response(const Command& command) {
  if (waiting_.empty()) return status(Sw::conditions);
  return deliver(std::exchange(waiting_, {}), command.most);
}

Bytes PivCard::deliver(Bytes data, std::size_t most) {
  if (data.size() <= most) return response(std::move(data), static_cast<std::uint16_t>(Sw::ok));
  waiting_.assign(data.begin() + static_cast<std::ptrdiff_t>(most), data.end());
  data.resize(most);
  const auto left = waiting_.size() > 0xFF ? 0 : waiting_.size();
  return response(std::move(data),
                  static_cast<std::uint16_t>(static_cast<std::size_t>(Sw::more) | left));
}

}  // namespace latchkey::emulator::piv
