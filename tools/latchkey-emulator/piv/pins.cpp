#include <algorithm>

#include "tools/latchkey-emulator/piv/application.h"

// PIN and PUK: SP 800-73-4 part 2, 3.2.1 to 3.2.3.
namespace latchkey::emulator::piv {
namespace {

constexpr std::uint8_t kPin = 0x80, kPuk = 0x81;
constexpr std::size_t kSize = 8, kFewest = 6;
constexpr std::uint8_t kPadding = 0xFF;

Sw tries_left(const Pin& pin) {
  if (pin.left == 0) return Sw::blocked;
  return static_cast<Sw>(static_cast<unsigned>(Sw::verify_failed) |
                         std::min<unsigned>(pin.left, 15));
}

/// Six to eight characters, then padding.
bool well_formed(ByteView value) {
  const auto padding = std::ranges::find(value, kPadding);
  return value.size() == kSize && padding - value.begin() >= static_cast<std::ptrdiff_t>(kFewest) &&
         std::all_of(padding, value.end(), [](auto byte) { return byte == kPadding; });
}

}  // namespace

/// The count is durable before the answer leaves, so that power loss gives no try back.
Answer Application::check(Pin PivState::*which, ByteView value) {
  if ((state_.*which).left == 0) return refuse(Sw::blocked);
  auto next = state_;
  auto& pin = next.*which;
  const bool right = std::ranges::equal(value, pin.value);
  pin.left = right ? pin.total : static_cast<std::uint8_t>(pin.left - 1);
  LK_CHECK(replace(std::move(next)));
  if (!right) return refuse(tries_left(state_.*which));
  return Bytes{};
}

Answer Application::verify(const Command& command) {
  if (command.p2 != kPin) return refuse(Sw::no_reference);
  if (command.p1 == 0xFF && command.data.empty()) {
    session_.pin_verified = session_.pin_fresh = false;
    return Bytes{};
  }
  if (command.p1 != 0) return refuse(Sw::wrong_parameters);
  if (command.data.empty()) {
    if (session_.pin_verified) return Bytes{};
    return refuse(tries_left(state_.pin));
  }
  if (command.data.size() != kSize) return refuse(Sw::wrong_data);
  session_.pin_verified = session_.pin_fresh = false;
  LK_CHECK(check(&PivState::pin, command.data));
  session_.pin_verified = session_.pin_fresh = true;
  return Bytes{};
}

Answer Application::change_reference(const Command& command) {
  if (command.p1 != 0 || (command.p2 != kPin && command.p2 != kPuk))
    return refuse(Sw::no_reference);
  if (command.data.size() != 2 * kSize) return refuse(Sw::wrong_data);
  const auto which = command.p2 == kPin ? &PivState::pin : &PivState::puk;
  LK_CHECK(check(which, ByteView(command.data).first(kSize)));
  return replace_pin(which, ByteView(command.data).last(kSize));
}

/// The PUK, then the new PIN.
Answer Application::reset_retry(const Command& command) {
  if (command.p1 != 0 || command.p2 != kPin) return refuse(Sw::no_reference);
  if (command.data.size() != 2 * kSize) return refuse(Sw::wrong_data);
  LK_CHECK(check(&PivState::puk, ByteView(command.data).first(kSize)));
  return replace_pin(&PivState::pin, ByteView(command.data).last(kSize));
}

Answer Application::replace_pin(Pin PivState::*which, ByteView value) {
  if (!well_formed(value)) return refuse(Sw::wrong_data);
  auto next = state_;
  auto& pin = next.*which;
  std::ranges::copy(value, pin.value.begin());
  pin.left = pin.total;
  return replace(std::move(next));
}

/// Yubico: both go back to the factory's values, with P1 and P2 tries.
Answer Application::set_retries(const Command& command) {
  if (!session_.managed || !session_.pin_verified) return refuse(Sw::security_status);
  if (command.p1 == 0 || command.p2 == 0) return refuse(Sw::wrong_parameters);
  const auto factory = factory_reset(state_);
  auto next = state_;
  next.pin = {.value = factory.pin.value, .left = command.p1, .total = command.p1};
  next.puk = {.value = factory.puk.value, .left = command.p2, .total = command.p2};
  return replace(std::move(next));
}

}  // namespace latchkey::emulator::piv
