#include "drivers/hidkey/channel.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "drivers/hidkey/wire.h"

namespace latchkey::hidkey {
namespace {

using ctaphid::Assembler;
using ctaphid::ErrorCode;
using ctaphid::Packet;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBusyPause{10};
constexpr milliseconds kCancelGrace{50};

Deadline silence_from_now(Deadline deadline) {
  return std::min(deadline, steady_clock::now() + Channel::kSilence);
}

KeyError::Kind kind_of(std::uint8_t code) {
  switch (static_cast<ErrorCode>(code)) {
    case ErrorCode::channel_busy:
      return KeyError::Kind::busy;
    case ErrorCode::message_timeout:
      return KeyError::Kind::timeout;
    case ErrorCode::empty:
      return KeyError::Kind::unprovisioned;
    case ErrorCode::storage:
    case ErrorCode::write_protected:
    case ErrorCode::no_key:
      return KeyError::Kind::refused;
    default:
      return KeyError::Kind::protocol;
  }
}

tl::unexpected<KeyError> device_error(ByteView payload) {
  if (payload.size() != 1) return key_fail(KeyError::Kind::protocol, "malformed ERROR");
  return key_fail(kind_of(payload[0]), "the key answered error 0x" + to_hex(payload));
}

}  // namespace

Channel::Channel(std::unique_ptr<ReportPipe> pipe, FillRandom random)
    : pipe_(std::move(pipe)), random_(std::move(random)) {}

KeyResult<Bytes> Channel::call(std::uint8_t command, ByteView payload, Deadline deadline) {
  for (KeyError last;;) {
    auto answer = attempt(command, payload, deadline);
    if (answer) return answer;
    // Out of time between two tries: what kept us waiting is the other program.
    const auto kind = answer.error().kind;
    if (kind == KeyError::Kind::timeout && last.kind == KeyError::Kind::busy)
      return tl::make_unexpected(std::move(last));
    if (kind != KeyError::Kind::busy || steady_clock::now() + kBusyPause >= deadline) return answer;
    last = std::move(answer).error();
    LK_CHECK(discard_until(steady_clock::now() + kBusyPause));
  }
}

KeyResult<Bytes> Channel::attempt(std::uint8_t command, ByteView payload, Deadline deadline) {
  LK_CHECK(synchronise(deadline));
  // Reports of other programs' transactions pile up in the kernel's queue, which drops new ones
  // when full.
  LK_CHECK(discard_until(Deadline::min()));
  in_step_ = false;
  LK_CHECK(send(command, payload, deadline));
  auto message = receive(deadline);
  if (!message) {
    // Best effort: whether it arrives or not, the next call synchronises.
    (void)send(static_cast<std::uint8_t>(ctaphid::Command::cancel), {},
               steady_clock::now() + kCancelGrace);
    return tl::make_unexpected(std::move(message).error());
  }
  if (message->command == static_cast<std::uint8_t>(ctaphid::Command::error))
    return device_error(message->payload);
  if (message->command != command)
    return key_fail(KeyError::Kind::protocol, "answer to another command");
  in_step_ = true;
  return std::move(message->payload);
}

KeyResult<void> Channel::synchronise(Deadline deadline) {
  if (in_step_) return {};
  if (channel_ != ctaphid::kBroadcast) {
    auto own = initialise(channel_, deadline);
    if (own || own.error().kind == KeyError::Kind::gone) return own;
  }
  // The device may have forgotten the channel, or been restarted without leaving the bus.
  channel_ = ctaphid::kBroadcast;
  return initialise(ctaphid::kBroadcast, deadline);
}

KeyResult<void> Channel::initialise(std::uint32_t on_channel, Deadline deadline) {
  std::array<std::uint8_t, ctaphid::kNonceSize> nonce{};
  if (!random_(nonce)) return key_fail(KeyError::Kind::protocol, "no random numbers");
  channel_ = on_channel;
  LK_CHECK(discard_until(Deadline::min()));
  LK_CHECK(send(static_cast<std::uint8_t>(ctaphid::Command::init), nonce, deadline));
  // Whatever else arrives is left over from before, or not for us: only the nonce counts.
  const auto give_up = silence_from_now(deadline);
  for (;;) {
    LK_TRY(const auto report, pipe_->read(give_up));
    LK_TRY(const bool matched, match_init(report, on_channel, nonce));
    if (matched) return {};
    if (steady_clock::now() >= give_up)
      return key_fail(KeyError::Kind::timeout, "INIT was not answered");
  }
}

/// Takes the channel over when the report answers INIT with this nonce.
KeyResult<bool> Channel::match_init(const Report& report, std::uint32_t on_channel,
                                    ByteView nonce) {
  const Packet packet(report);
  if (packet.channel != on_channel) return false;
  if (packet.is(ctaphid::Command::error) && on_channel != ctaphid::kBroadcast &&
      packet.data[0] == static_cast<std::uint8_t>(ErrorCode::invalid_channel))
    return key_fail(KeyError::Kind::protocol, "the key forgot the channel");
  if (!packet.is(ctaphid::Command::init) || packet.length != ctaphid::kInitAnswerSize) return false;
  if (!std::ranges::equal(packet.data.first(nonce.size()), nonce)) return false;
  const auto channel = get_u32(packet.data, 8);
  if (packet.data[12] != ctaphid::kVersion)
    return key_fail(KeyError::Kind::protocol, "unknown CTAPHID version");
  if (channel == 0 || channel == ctaphid::kBroadcast)
    return key_fail(KeyError::Kind::protocol, "the key allocated a reserved channel");
  channel_ = channel;
  in_step_ = true;
  return true;
}

KeyResult<void> Channel::send(std::uint8_t command, ByteView payload, Deadline deadline) {
  const ctaphid::Message message{channel_, command, {payload.begin(), payload.end()}};
  for (const auto& report : ctaphid::split(message)) LK_CHECK(pipe_->write(report, deadline));
  return {};
}

KeyResult<ctaphid::Message> Channel::receive(Deadline deadline) {
  Assembler assembler;
  auto give_up = silence_from_now(deadline);
  for (bool begun = false;;) {
    if (steady_clock::now() >= give_up)
      return key_fail(KeyError::Kind::timeout, "the key does not finish its answer");
    LK_TRY(const auto report, pipe_->read(give_up));
    const Packet packet(report);
    if (packet.channel != channel_) continue;  // stale, or another program's
    if (!begun && !packet.initial) continue;   // the tail of an answer that was given up
    if (packet.is(ctaphid::Command::keepalive)) {
      give_up = silence_from_now(deadline);
      continue;
    }
    if (begun && packet.initial)
      return key_fail(KeyError::Kind::protocol, "a new answer inside an answer");
    const auto step = begun ? assembler.add(packet) : assembler.begin(packet);
    if (step == Assembler::Step::complete) return assembler.take();
    if (step == Assembler::Step::bad_length)
      return key_fail(KeyError::Kind::protocol, "an answer longer than any message");
    if (step == Assembler::Step::bad_sequence)
      return key_fail(KeyError::Kind::protocol, "a packet of the answer is missing");
    begun = true;
    give_up = silence_from_now(deadline);
  }
}

/// Throws arriving reports away; with a `when` in the past, those that are already here. Bounded in
/// either case.
KeyResult<void> Channel::discard_until(Deadline when) {
  constexpr int kMost = 256;
  for (int i = 0; i < kMost; ++i) {
    const auto report = pipe_->read(when);
    if (report || report.error().kind == KeyError::Kind::protocol) continue;
    if (report.error().kind == KeyError::Kind::timeout) return {};
    return tl::make_unexpected(report.error());
  }
  return {};
}

}  // namespace latchkey::hidkey
