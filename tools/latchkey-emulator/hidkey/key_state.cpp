#include "tools/latchkey-emulator/hidkey/key_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "drivers/hidkey/protocol.h"

namespace latchkey::emulator {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{.bytes = std::size_t{1} << 20, .depth = 3};

json encode_slot(std::uint8_t index, const Slot& slot) {
  return {{"slot", index},
          {"generation", slot.generation},
          {"content", to_base64(slot.content)},
          {"digest", to_hex(slot.digest)}};
}

void read_slot(JsonObject& object, KeyState& state) {
  const auto index = object.number("slot", 0, 1);
  Slot slot{.generation = static_cast<std::uint32_t>(object.number("generation", 1, UINT32_MAX)),
            .content = {},
            .digest = {}};
  const auto content = from_base64(object.text("content", 2 * hidkey::kMaxSlot));
  if (!content) return object.reject("content", "is not base64");
  slot.content = *content;
  slot.digest = sha256(slot.content);
  const bool intact = object.hex("digest", slot.digest.size()) == to_hex(slot.digest);
  if (intact) state.slots[index] = std::move(slot);
}

}  // namespace

std::optional<std::uint8_t> KeyState::winner() const {
  if (!slots[0] && !slots[1]) return std::nullopt;
  if (!slots[0]) return 1;
  if (!slots[1]) return 0;
  return slots[1]->generation > slots[0]->generation ? 1 : 0;
}

Result<KeyState> make_key_state(KeyAlgorithm algorithm) {
  LK_TRY(auto key, PrivateKey::generate(algorithm));
  return KeyState{std::move(key), {}, {}};
}

Result<std::string> encode(const KeyState& state) {
  LK_TRY(const auto pem, state.key.plain_pem());
  json slots = json::array();
  for (std::size_t i = 0; i < state.slots.size(); ++i)
    if (state.slots[i]) slots.push_back(encode_slot(static_cast<std::uint8_t>(i), *state.slots[i]));
  json value{{"private_key", to_base64(as_bytes(pem))}, {"slots", std::move(slots)}};
  if (!state.stamp.empty()) value["stamp"] = to_hex(state.stamp);
  return value.dump(1);
}

Result<KeyState> parse_key_state(std::string_view text) {
  LK_TRY(const auto value, parse_json(text, kLimits));
  JsonObject object(value);
  const auto pem = from_base64(object.text("private_key", 4096)).value_or(Bytes{});
  LK_TRY(auto key, PrivateKey::from_pem(as_text(pem)));
  KeyState state{std::move(key), {}, {}};
  object.objects("slots", 0, state.slots.size(), [&](JsonObject& slot) { read_slot(slot, state); });
  if (object.has("stamp"))
    state.stamp = from_hex(object.text("stamp", 2 * hidkey::kStampSize)).value_or(Bytes{});
  LK_CHECK(object.finish());
  return state;
}

}  // namespace latchkey::emulator
