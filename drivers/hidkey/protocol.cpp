#include "drivers/hidkey/protocol.h"

#include <algorithm>

#include "drivers/hidkey/wire.h"

namespace latchkey::hidkey {
namespace {

constexpr std::size_t kHelloSize = 128;
constexpr std::size_t kSlotOffset = 46;
constexpr std::size_t kSlotInfoSize = 41;

Digest get_digest(ByteView bytes, std::size_t at) {
  Digest digest{};
  std::ranges::copy(bytes.subspan(at, digest.size()), digest.begin());
  return digest;
}

std::optional<SlotInfo> parse_slot(ByteView bytes, std::uint32_t capacity) {
  if (bytes[0] > 1) return std::nullopt;
  const SlotInfo slot{bytes[0] == 1, get_u32(bytes, 1), get_u32(bytes, 5), get_digest(bytes, 9)};
  if (slot.length > capacity || (slot.committed && slot.length == 0)) return std::nullopt;
  return slot;
}

bool in_range(const Hello& hello) {
  const bool known = hello.algorithm == Algorithm::ed25519 || hello.algorithm == Algorithm::p256;
  const bool winner = hello.winner == kNoSlot ||
                      (hello.winner < hello.slots.size() && hello.slots[hello.winner].committed);
  return known && winner && hello.slot_capacity >= 1 && hello.slot_capacity <= kMaxSlot &&
         hello.stamp_capacity <= kStampSize;
}

}  // namespace

Bytes encode(const Hello& hello) {
  Bytes out{kProtocolVersion,
            hello.firmware[0],
            hello.firmware[1],
            hello.firmware[2],
            static_cast<std::uint8_t>(hello.algorithm),
            hello.capabilities};
  put_u32(out, hello.slot_capacity);
  put_u16(out, hello.stamp_capacity);
  out.push_back(hello.winner);
  out.push_back(0);
  put_bytes(out, hello.key_digest);
  for (const auto& slot : hello.slots) {
    out.push_back(slot.committed ? 1 : 0);
    put_u32(out, slot.generation);
    put_u32(out, slot.length);
    put_bytes(out, slot.digest);
  }
  return out;
}

std::optional<Hello> parse_hello(ByteView answer) {
  if (answer.size() < kHelloSize || answer[0] != kProtocolVersion) return std::nullopt;
  Hello hello{.firmware = {answer[1], answer[2], answer[3]},
              .algorithm = static_cast<Algorithm>(answer[4]),
              .capabilities = answer[5],
              .slot_capacity = get_u32(answer, 6),
              .stamp_capacity = static_cast<std::uint16_t>(get_u16(answer, 10)),
              .winner = answer[12],
              .key_digest = get_digest(answer, 14),
              .slots = {}};
  for (std::size_t i = 0; i < hello.slots.size(); ++i) {
    const auto bytes = answer.subspan(kSlotOffset + i * kSlotInfoSize, kSlotInfoSize);
    const auto slot = parse_slot(bytes, hello.slot_capacity);
    if (!slot) return std::nullopt;
    hello.slots[i] = *slot;
  }
  if (!in_range(hello)) return std::nullopt;
  return hello;
}

Bytes encode(const ReadRequest& request) {
  Bytes out{request.slot};
  put_u32(out, request.offset);
  put_u16(out, request.length);
  return out;
}

std::optional<ReadRequest> parse_read(ByteView payload) {
  if (payload.size() != 7) return std::nullopt;
  return ReadRequest{payload[0], get_u32(payload, 1),
                     static_cast<std::uint16_t>(get_u16(payload, 5))};
}

Bytes encode(const WriteRequest& request) {
  Bytes out{request.slot};
  put_u32(out, request.offset);
  put_bytes(out, request.data);
  return out;
}

std::optional<WriteRequest> parse_write(ByteView payload) {
  if (payload.size() < 6) return std::nullopt;
  return WriteRequest{payload[0], get_u32(payload, 1), payload.subspan(5)};
}

Bytes encode(const CommitRequest& request) {
  Bytes out{request.slot};
  put_u32(out, request.length);
  put_bytes(out, request.digest);
  return out;
}

std::optional<CommitRequest> parse_commit(ByteView payload) {
  if (payload.size() != 5 + Digest{}.size()) return std::nullopt;
  return CommitRequest{payload[0], get_u32(payload, 1), get_digest(payload, 5)};
}

}  // namespace latchkey::hidkey
