#include "tools/latchkey-emulator/hidkey/hid_device.h"

#include <algorithm>

#include "core/base/random.h"
#include "drivers/hidkey/wire.h"

namespace latchkey::emulator {

using ctaphid::Assembler;
using ctaphid::ErrorCode;
using ctaphid::Message;
using ctaphid::Packet;

namespace {

constexpr std::uint8_t kNoMessages = 0x08;  // CTAPHID capability: neither CTAPHID_MSG nor CBOR
constexpr std::size_t kShortReport = 10;
constexpr std::size_t kMostControl = 64;

Report first_packet(const Message& message) { return ctaphid::split(message).front(); }

Message error_message(std::uint32_t channel, ErrorCode code) {
  return {channel,
          static_cast<std::uint8_t>(ctaphid::Command::error),
          {static_cast<std::uint8_t>(code)}};
}

}  // namespace

HidDevice::HidDevice(KeyState state, Persist persist)
    : applet_(std::move(state), std::move(persist)) {}

void HidDevice::attach() {
  detach();
  attached_ = true;
}

void HidDevice::detach() {
  attached_ = false;
  channels_.clear();
  control_.clear();
  end_transaction();
  applet_.power_off();
}

void HidDevice::output_report(ByteView report, Instant now) {
  if (!attached_ || report.size() != kReportSize) return;
  expire(now);
  if (fault_ == Fault::silent) return;
  Report copy{};
  std::ranges::copy(report, copy.begin());
  const Packet packet(copy);
  if (packet.initial)
    on_initial(packet, now);
  else
    on_continuation(packet, now);
}

void HidDevice::on_initial(const Packet& packet, Instant now) {
  if (packet.is(ctaphid::Command::init)) return on_init(packet, now);
  if (!knows(packet.channel)) return refuse(packet.channel, ErrorCode::invalid_channel, now);
  const bool own = (request_ && request_->channel == packet.channel) ||
                   (!answer_.empty() && answering_ == packet.channel);
  if (packet.is(ctaphid::Command::cancel)) {
    if (own) end_transaction();
    return;
  }
  if (request_ && own) {
    end_transaction();
    return refuse(packet.channel, ErrorCode::invalid_sequence, now);
  }
  if (request_ || !answer_.empty()) return refuse(packet.channel, ErrorCode::channel_busy, now);
  request_ = Request{{}, packet.channel, now};
  advance(request_->assembler.begin(packet), packet.channel, now);
}

void HidDevice::on_init(const Packet& packet, Instant now) {
  const bool broadcast = packet.channel == ctaphid::kBroadcast;
  if (!broadcast && !knows(packet.channel))
    return refuse(packet.channel, ErrorCode::invalid_channel, now);
  if (packet.length != ctaphid::kNonceSize)
    return refuse(packet.channel, ErrorCode::invalid_length, now);
  if (!broadcast) {
    const auto own = [&](const Pending& p) { return Packet(p.report).channel == packet.channel; };
    std::erase_if(control_, own);
    if (request_ && request_->channel == packet.channel) request_.reset();
    if (answering_ == packet.channel) answer_.clear();
  }
  const auto nonce = packet.data.first(ctaphid::kNonceSize);
  Bytes payload(nonce.begin(), nonce.end());
  hidkey::put_u32(payload, broadcast ? allocate() : packet.channel);
  hidkey::put_bytes(payload, Bytes{ctaphid::kVersion, 0, 1, 0, kNoMessages});
  control({packet.channel, packet.command, std::move(payload)}, now);
}

void HidDevice::on_continuation(const Packet& packet, Instant now) {
  if (!request_ || request_->channel != packet.channel) return;
  if (fault_ == Fault::unplug_write) {
    fault_ = Fault::none;
    return detach();
  }
  request_->last_packet = now;
  advance(request_->assembler.add(packet), packet.channel, now);
}

void HidDevice::advance(Assembler::Step step, std::uint32_t channel, Instant now) {
  if (step == Assembler::Step::more) return;
  const auto message = request_->assembler.take();
  request_.reset();
  if (step == Assembler::Step::bad_length) return refuse(channel, ErrorCode::invalid_length, now);
  if (step == Assembler::Step::bad_sequence)
    return refuse(channel, ErrorCode::invalid_sequence, now);
  execute(message, now);
}

void HidDevice::execute(const Message& request, Instant now) {
  if (request.command == static_cast<std::uint8_t>(ctaphid::Command::ping))
    return answer(request, now);
  auto outcome = applet_.execute(request.command, request.payload);
  if (!outcome) return answer(error_message(request.channel, outcome.error()), now);
  const bool proof = request.command == static_cast<std::uint8_t>(hidkey::Command::prove);
  if (proof && fault_ == Fault::wrong_signature) outcome->back() ^= 1;
  answer({request.channel, request.command, std::move(*outcome)}, now);
}

void HidDevice::answer(const Message& message, Instant now) {
  answering_ = message.channel;
  auto due = now;
  if (fault_ == Fault::slow) {
    const Message keepalive{
        message.channel, static_cast<std::uint8_t>(ctaphid::Command::keepalive), {1}};
    for (due += kKeepalive; due < now + kSlowBy; due += kKeepalive)
      answer_.push_back({due, first_packet(keepalive), false});
  }
  auto reports = ctaphid::split(message);
  const bool unplug = fault_ == Fault::unplug_read && reports.size() > 1;
  if (unplug) reports.resize(reports.size() / 2);
  for (const auto& report : reports) answer_.push_back({due, report, false});
  answer_.back().unplug = unplug;
}

void HidDevice::refuse(std::uint32_t channel, ErrorCode code, Instant now) {
  control(error_message(channel, code), now);
}

/// Queues a packet that belongs to no transaction. A host that never reads loses the oldest.
void HidDevice::control(const Message& message, Instant now) {
  if (control_.size() == kMostControl) control_.pop_front();
  control_.push_back({now, first_packet(message), false});
}

std::optional<Bytes> HidDevice::input_report(Instant now) {
  expire(now);
  auto& queue = control_.empty() ? answer_ : control_;
  if (queue.empty() || queue.front().due > now) return std::nullopt;
  const auto next = queue.front();
  queue.pop_front();
  if (next.unplug) {
    fault_ = Fault::none;
    detach();
  }
  return spoil(next.report);
}

std::optional<HidDevice::Instant> HidDevice::next_due() const {
  if (!control_.empty()) return control_.front().due;
  if (!answer_.empty()) return answer_.front().due;
  if (request_) return request_->last_packet + kPacketGap;
  return std::nullopt;
}

void HidDevice::expire(Instant now) {
  if (!request_ || now < request_->last_packet + kPacketGap) return;
  const auto channel = request_->channel;
  end_transaction();
  refuse(channel, ErrorCode::message_timeout, now);
}

void HidDevice::end_transaction() {
  request_.reset();
  answer_.clear();
}

bool HidDevice::knows(std::uint32_t channel) const {
  return std::ranges::find(channels_, channel) != channels_.end();
}

std::uint32_t HidDevice::allocate() {
  channels_.push_back(next_channel_++);
  if (channels_.size() > kMostChannels) channels_.pop_front();
  return channels_.back();
}

/// A report as the fault lets it out.
Bytes HidDevice::spoil(const Report& report) const {
  Bytes out(report.begin(), report.end());
  if (fault_ == Fault::short_report) out.resize(kShortReport);
  if (fault_ == Fault::garbage) (void)system_random(std::span(out).subspan(4));
  return out;
}

}  // namespace latchkey::emulator
