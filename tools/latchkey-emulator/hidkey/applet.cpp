#include "tools/latchkey-emulator/hidkey/applet.h"

#include <algorithm>

#include "drivers/hidkey/wire.h"

namespace latchkey::emulator {
namespace {

using ctaphid::ErrorCode;
using hidkey::Command;

tl::unexpected<ErrorCode> error(ErrorCode code) { return tl::make_unexpected(code); }

hidkey::Algorithm wire_algorithm(KeyAlgorithm algorithm) {
  return algorithm == KeyAlgorithm::ed25519 ? hidkey::Algorithm::ed25519 : hidkey::Algorithm::p256;
}

}  // namespace

Applet::Applet(KeyState state, Persist persist)
    : state_(std::move(state)), persist_(std::move(persist)) {}

Applet::Answer Applet::execute(std::uint8_t command, ByteView payload) {
  switch (static_cast<Command>(command)) {
    case Command::hello:
      return payload.empty() ? hello() : error(ErrorCode::invalid_length);
    case Command::public_key:
      if (!payload.empty()) return error(ErrorCode::invalid_length);
      return state_.key.public_key().der();
    case Command::prove:
      return prove(payload);
    case Command::read:
      return read(payload);
    case Command::write:
      return write(payload);
    case Command::commit:
      return commit(payload);
    case Command::stamp_read:
      if (!payload.empty()) return error(ErrorCode::invalid_length);
      return state_.stamp;
    case Command::stamp_write:
      return store_stamp(payload);
  }
  return error(ErrorCode::invalid_command);
}

std::optional<std::uint8_t> Applet::winner() const {
  return hidden_ ? std::nullopt : state_.winner();
}

Applet::Answer Applet::hello() const {
  hidkey::Hello hello{.firmware = {0, 1, 0},
                      .algorithm = wire_algorithm(state_.key.public_key().algorithm()),
                      .capabilities = hidkey::kCanWriteLicense | hidkey::kHasStamp,
                      .slot_capacity = kSlotCapacity,
                      .stamp_capacity = hidkey::kStampSize,
                      .winner = winner().value_or(hidkey::kNoSlot),
                      .key_digest = sha256(state_.key.public_key().der()),
                      .slots = {}};
  for (std::size_t i = 0; i < hello.slots.size(); ++i)
    if (const auto& slot = state_.slots[i]; slot && !hidden_)
      hello.slots[i] = {true, slot->generation, static_cast<std::uint32_t>(slot->content.size()),
                        slot->digest};
  return encode(hello);
}

Applet::Answer Applet::prove(ByteView payload) const {
  if (payload.size() != hidkey::kChallengeSize) return error(ErrorCode::invalid_length);
  auto signature = state_.key.sign_digest(payload);
  if (!signature) return error(ErrorCode::other);
  return std::move(*signature);
}

Applet::Answer Applet::read(ByteView payload) const {
  const auto request = hidkey::parse_read(payload);
  if (!request) return error(ErrorCode::invalid_length);
  if (request->slot >= state_.slots.size()) return error(ErrorCode::invalid_parameter);
  const bool staged = staged_ && staged_->slot == request->slot;
  const auto& slot = state_.slots[request->slot];
  if (!staged && (!slot || hidden_)) return error(ErrorCode::empty);
  const ByteView content = staged ? staged_->content : slot->content;
  if (request->length == 0 || request->length > ctaphid::kMaxMessage ||
      request->offset > content.size() || request->length > content.size() - request->offset)
    return error(ErrorCode::invalid_parameter);
  const auto part = content.subspan(request->offset, request->length);
  return Bytes(part.begin(), part.end());
}

/// Empties a slot before it is written, durably, as erasing flash does.
Applet::Answer Applet::begin_slot(std::uint8_t slot) {
  if (state_.slots[slot]) {
    auto next = state_;
    next.slots[slot].reset();
    if (!replace(std::move(next))) return error(ErrorCode::storage);
  }
  staged_ = Staged{slot, {}};
  return Bytes{};
}

Applet::Answer Applet::write(ByteView payload) {
  const auto request = hidkey::parse_write(payload);
  if (!request) return error(ErrorCode::invalid_length);
  if (request->slot >= state_.slots.size()) return error(ErrorCode::invalid_parameter);
  if (state_.winner() == request->slot) return error(ErrorCode::write_protected);
  if (request->offset == 0) {
    if (auto begun = begin_slot(request->slot); !begun) return begun;
  }
  if (!staged_ || staged_->slot != request->slot || staged_->content.size() != request->offset)
    return error(ErrorCode::invalid_parameter);
  if (request->data.size() > kSlotCapacity - staged_->content.size())
    return error(ErrorCode::invalid_length);
  hidkey::put_bytes(staged_->content, request->data);
  return Bytes{};
}

Applet::Answer Applet::commit(ByteView payload) {
  const auto request = hidkey::parse_commit(payload);
  if (!request) return error(ErrorCode::invalid_length);
  if (request->slot >= state_.slots.size()) return error(ErrorCode::invalid_parameter);
  Bytes answer;
  if (const auto& done = state_.slots[request->slot];
      done && done->digest == request->digest && done->content.size() == request->length) {
    hidkey::put_u32(answer, done->generation);  // the host repeats a COMMIT whose answer it lost
    return answer;
  }
  if (!staged_ || staged_->slot != request->slot) return error(ErrorCode::empty);
  if (staged_->content.size() != request->length || sha256(staged_->content) != request->digest)
    return error(ErrorCode::digest);
  const auto current = state_.winner();
  const auto generation = current ? state_.slots[*current]->generation : 0;
  if (generation == UINT32_MAX) return error(ErrorCode::storage);
  auto next = state_;
  next.slots[request->slot] = Slot{generation + 1, staged_->content, request->digest};
  if (!replace(std::move(next))) return error(ErrorCode::storage);
  staged_.reset();
  hidkey::put_u32(answer, generation + 1);
  return answer;
}

Applet::Answer Applet::store_stamp(ByteView payload) {
  if (payload.size() > hidkey::kStampSize) return error(ErrorCode::invalid_length);
  auto next = state_;
  next.stamp.assign(payload.begin(), payload.end());
  if (!replace(std::move(next))) return error(ErrorCode::storage);
  return Bytes{};
}

bool Applet::copy_content(const KeyState& from) {
  auto next = state_;
  next.slots = from.slots;
  staged_.reset();
  return replace(std::move(next));
}

bool Applet::replace(KeyState next) {
  if (!persist_(next)) return false;
  state_ = std::move(next);
  return true;
}

}  // namespace latchkey::emulator
