#include "tools/latchkey-emulator/ccid/ccid_device.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/usbkey/key_id.h"
#include "tools/latchkey-emulator/ccid/profile.h"

namespace latchkey::emulator::ccid {
namespace {

constexpr std::size_t kShortMessage = 5;
constexpr std::uint8_t kCardKey = 0x9E;

// CCID 1.1 section 5.3.
constexpr std::uint16_t kAbort = 0x2101;

}  // namespace

CcidDevice::CcidDevice(piv::PivState state, piv::Persist persist)
    : usb_(make_profile(state.model)),
      reader_(piv::PivCard(std::move(state), std::move(persist))) {}

void CcidDevice::attach() {
  detach();
  attached_ = true;
  notify();
}

void CcidDevice::detach() {
  attached_ = false;
  arriving_.clear();
  answers_.clear();
  slot_changed_ = false;
  reader_.reset();
}

/// A message ends where its dwLength says; a short packet before that ends a part of one, which is
/// no message.
void CcidDevice::write(std::uint8_t endpoint, ByteView transfer, Instant now) {
  if (!attached_ || endpoint != kKeyEndpoint || fault_ == Fault::silent) return;
  const auto limit = max_message(state().model);
  arriving_.insert(arriving_.end(), transfer.begin(), transfer.end());
  const bool ended = transfer.empty() || transfer.size() % kPacket != 0;
  const bool headed = arriving_.size() >= kHeaderSize;
  const std::size_t length = headed ? data_length(arriving_) : 0;
  const bool complete = headed && arriving_.size() - kHeaderSize >= length;
  if (!complete && !ended && arriving_.size() <= limit) return;
  const auto message = std::exchange(arriving_, {});
  if (!headed) return;
  if (complete && message.size() <= limit) return on_message(message, now);
  Bytes head(message.begin(), message.begin() + kHeaderSize);
  std::fill_n(head.begin() + 1, 4, std::uint8_t{0});
  answer(reader_.refusal(parse_request(head), error::kLength), now);
}

void CcidDevice::on_message(ByteView message, Instant now) {
  const auto request = parse_request(message);
  if (request.type == Command::abort) answers_.clear();
  if (busy(now)) return push(now, encode(reader_.refusal(request, error::kSlotBusy)));
  if (strikes(request)) {
    fault_ = Fault::none;
    return detach();
  }
  const bool signs = fault_ == Fault::real_time && piv::PivCard::signs(reader_.apdu_of(request));
  answer(reader_.handle(request), signs ? now + kSignatureTime : now);
}

/// Whether a fault ends the power before this request is carried out.
bool CcidDevice::strikes(const Request& request) {
  if (fault_ != Fault::unplug_write && fault_ != Fault::power_loss) return false;
  if (!piv::PivCard::writes(reader_.apdu_of(request))) return false;
  return fault_ == Fault::unplug_write || reader_.card().writing();
}

/// Whether the answer of a slow command is not due yet.
bool CcidDevice::busy(Instant now) const { return !answers_.empty() && answers_.back().due > now; }

void CcidDevice::answer(const Reply& reply, Instant now) {
  auto due = now;
  if (fault_ == Fault::slow && reply.type == ReplyType::data_block) {
    for (due += kTimeExtension; due < now + kSlowBy; due += kTimeExtension)
      push(due, time_extension(reply));
  }
  auto message = encode(reply);
  const bool unplug = fault_ == Fault::unplug_read && message.size() > kPacket;
  if (unplug) message.resize(message.size() / 2);
  push(due, std::move(message));
  answers_.back().unplug = unplug;
}

/// A host that never reads loses the oldest.
void CcidDevice::push(Instant due, Bytes message) {
  if (answers_.size() == kMostAnswers) answers_.pop_front();
  answers_.push_back({due, std::move(message), false});
}

std::optional<Bytes> CcidDevice::read(std::uint8_t endpoint, Instant now) {
  if (endpoint == kNotifyEndpoint && std::exchange(slot_changed_, false)) {
    constexpr std::uint8_t kSlotChange = 0x50, kChanged = 2;
    return Bytes{kSlotChange,
                 static_cast<std::uint8_t>(kChanged | (reader_.card_present() ? 1 : 0))};
  }
  if (endpoint != kKeyEndpoint || answers_.empty() || answers_.front().due > now)
    return std::nullopt;
  auto next = std::move(answers_.front());
  answers_.pop_front();
  if (next.unplug) {
    fault_ = Fault::none;
    detach();
  }
  return spoil(std::move(next.message));
}

std::optional<Device::Instant> CcidDevice::next_due(std::uint8_t endpoint) const {
  if (endpoint == kNotifyEndpoint && slot_changed_) return Instant{};
  if (endpoint != kKeyEndpoint || answers_.empty()) return std::nullopt;
  return answers_.front().due;
}

/// The control half of an abort; the bulk half does the work (CCID 5.3.1). FIDO's are HID's.
std::optional<Bytes> CcidDevice::class_request(const Setup& setup, ByteView, Instant) {
  const bool hid = setup.selector() == kSetReport || setup.selector() == kSetIdle;
  const auto wanted = hid ? Interface::kHid : Interface::kSmartCard;
  const bool there = setup.index < usb_.interfaces.size() &&
                     usb_.interfaces[setup.index].interface_class == wanted;
  if (there && (hid || setup.selector() == kAbort)) return Bytes();
  return std::nullopt;
}

void CcidDevice::notify() { slot_changed_ = attached_; }

Result<void> CcidDevice::set_fault(Fault fault) {
  fault_ = fault;
  auto& application = reader_.card().application();
  application.hide_license(fault == Fault::no_license);
  application.spoil_signatures(fault == Fault::wrong_signature);
  const bool present = fault != Fault::no_card;
  if (present != reader_.card_present()) {
    reader_.set_card_present(present);
    notify();
  }
  return {};
}

Result<void> CcidDevice::copy_content(const Device& from) {
  const auto* const other = dynamic_cast<const CcidDevice*>(&from);
  if (other == nullptr) return wrong_kind();
  return reader_.card().application().copy_objects(other->state()) ? Result<void>() : unwritable();
}

nlohmann::json CcidDevice::describe() const {
  const auto& held = state();
  auto objects = nlohmann::json::object();
  for (const auto& [tag, content] : held.objects)
    objects[to_hex(Bytes{static_cast<std::uint8_t>(tag >> 16), static_cast<std::uint8_t>(tag >> 8),
                         static_cast<std::uint8_t>(tag)})] = content.size();
  nlohmann::json out{{"serial", held.serial},
                     {"composite", held.model.composite},
                     {"short_apdu", held.model.short_apdu},
                     {"objects", std::move(objects)},
                     {"has_card_key", held.keys.contains(kCardKey)}};
  if (!held.keys.contains(kCardKey)) return out;
  const auto spki = held.keys.at(kCardKey).key.spki();
  out["key"] = key_id(spki);
  out["public_key"] = to_base64(spki);
  return out;
}

/// A message as the fault lets it out.
Bytes CcidDevice::spoil(Bytes message) const {
  if (fault_ == Fault::short_report) message.resize(std::min(message.size(), kShortMessage));
  if (fault_ == Fault::garbage) (void)system_random(message);
  return message;
}

}  // namespace latchkey::emulator::ccid
