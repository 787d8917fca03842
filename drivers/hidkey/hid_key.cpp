#include "drivers/hidkey/hid_key.h"

#include <algorithm>
#include <utility>

#include "drivers/hidkey/wire.h"

namespace latchkey::hidkey {
namespace {

tl::unexpected<KeyError> protocol_error(std::string detail) {
  return key_fail(KeyError::Kind::protocol, std::move(detail));
}

tl::unexpected<KeyError> too_long(std::string_view what, std::size_t size, std::size_t capacity) {
  return key_fail(KeyError::Kind::refused, std::string(what) + " of " + std::to_string(size) +
                                               " bytes; the key holds " + std::to_string(capacity));
}

}  // namespace

HidKey::HidKey(std::unique_ptr<ReportPipe> pipe, std::shared_ptr<ContentCache> cache,
               FillRandom random)
    : channel_(std::move(pipe), std::move(random)), cache_(std::move(cache)) {}

KeyResult<Bytes> HidKey::call(Command command, ByteView payload, Deadline deadline) {
  return channel_.call(static_cast<std::uint8_t>(command), payload, deadline);
}

KeyResult<Hello> HidKey::hello(Deadline deadline) {
  LK_TRY(const auto answer, call(Command::hello, {}, deadline));
  const auto parsed = parse_hello(answer);
  if (!parsed) return protocol_error("malformed HELLO answer");
  return *parsed;
}

KeyResult<Bytes> HidKey::public_key(Deadline deadline) {
  reading_.reset();
  LK_TRY(const auto hello_answer, hello(deadline));
  auto known = cache_->find(hello_answer.key_digest);
  if (!known) {
    LK_TRY(known, call(Command::public_key, {}, deadline));
    if (known->size() > kMaxPublicKey || sha256(*known) != hello_answer.key_digest)
      return protocol_error("the public key is not the one that HELLO announced");
    cache_->put(hello_answer.key_digest, *known);
  }
  reading_ = hello_answer;
  return *std::move(known);
}

KeyResult<Bytes> HidKey::prove(ByteView challenge, Deadline deadline) {
  if (challenge.size() != kChallengeSize)
    return key_fail(KeyError::Kind::refused, "a challenge has 32 bytes");
  LK_TRY(auto signature, call(Command::prove, challenge, deadline));
  if (signature.empty() || signature.size() > kMaxSignature)
    return protocol_error("a signature of " + std::to_string(signature.size()) + " bytes");
  return signature;
}

KeyResult<Bytes> HidKey::read_license(Deadline deadline) {
  auto state = std::exchange(reading_, std::nullopt);
  if (!state) {
    LK_TRY(state, hello(deadline));
  }
  if (state->winner == kNoSlot) return key_fail(KeyError::Kind::unprovisioned, "no license slot");
  const auto& slot = state->slots[state->winner];
  if (auto known = cache_->find(slot.digest)) return *std::move(known);
  LK_TRY(auto content, read_slot(state->winner, slot.length, deadline));
  if (sha256(content) != slot.digest)
    return protocol_error("the license is not the one that HELLO announced");
  cache_->put(slot.digest, content);
  return content;
}

KeyResult<void> HidKey::write_license(ByteView envelope, Deadline deadline) {
  reading_.reset();
  LK_TRY(const auto state, hello(deadline));
  if ((state.capabilities & kCanWriteLicense) == 0)
    return key_fail(KeyError::Kind::refused, "the key's license slots are write-protected");
  if (envelope.empty() || envelope.size() > state.slot_capacity)
    return too_long("a license", envelope.size(), state.slot_capacity);
  const auto digest = sha256(envelope);
  if (state.winner != kNoSlot && state.slots[state.winner].digest == digest) return {};
  const std::uint8_t target = state.winner == 0 ? 1 : 0;
  LK_CHECK(write_slot(target, envelope, deadline));
  LK_TRY(const auto back, read_slot(target, envelope.size(), deadline));
  if (!std::ranges::equal(back, envelope))
    return protocol_error("the license reads back differently");
  return commit(target, envelope, digest, deadline);
}

KeyResult<Bytes> HidKey::read_slot(std::uint8_t slot, std::size_t length, Deadline deadline) {
  Bytes content;
  content.reserve(length);
  while (content.size() < length) {
    const auto count = std::min(kChunk, length - content.size());
    const auto request = encode(ReadRequest{slot, static_cast<std::uint32_t>(content.size()),
                                            static_cast<std::uint16_t>(count)});
    LK_TRY(const auto part, call(Command::read, request, deadline));
    if (part.size() != count) return protocol_error("READ answered another length than asked for");
    put_bytes(content, part);
  }
  return content;
}

KeyResult<void> HidKey::write_slot(std::uint8_t slot, ByteView content, Deadline deadline) {
  for (std::size_t offset = 0; offset < content.size(); offset += kChunk) {
    const auto part = content.subspan(offset, std::min(kChunk, content.size() - offset));
    const auto request = encode(WriteRequest{slot, static_cast<std::uint32_t>(offset), part});
    LK_TRY(const auto answer, call(Command::write, request, deadline));
    if (!answer.empty()) return protocol_error("malformed WRITE answer");
  }
  return {};
}

KeyResult<void> HidKey::commit(std::uint8_t slot, ByteView content, const Digest& digest,
                               Deadline deadline) {
  const auto request =
      encode(CommitRequest{slot, static_cast<std::uint32_t>(content.size()), digest});
  LK_TRY(const auto answer, call(Command::commit, request, deadline));
  if (answer.size() != 4) return protocol_error("malformed COMMIT answer");
  return {};
}

KeyResult<Bytes> HidKey::read_stamp(Deadline deadline) {
  LK_TRY(auto stamp, call(Command::stamp_read, {}, deadline));
  if (stamp.size() > kStampSize) return protocol_error("a stamp longer than the protocol allows");
  return stamp;
}

KeyResult<void> HidKey::write_stamp(ByteView stamp, Deadline deadline) {
  if (stamp.size() > kStampSize) return too_long("a stamp", stamp.size(), kStampSize);
  LK_TRY(const auto answer, call(Command::stamp_write, stamp, deadline));
  if (!answer.empty()) return protocol_error("malformed STAMP_WRITE answer");
  return {};
}

KeyResult<std::unique_ptr<Key>> HidKeyDriver::open(const DeviceRef& device) {
  LK_TRY(auto pipe, open_report_pipe(device));
  return std::make_unique<HidKey>(std::move(pipe), cache_);
}

}  // namespace latchkey::hidkey
