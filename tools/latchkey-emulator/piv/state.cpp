#include "tools/latchkey-emulator/piv/state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/base/random.h"

namespace latchkey::emulator::piv {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{.bytes = std::size_t{1} << 20, .depth = 3};
constexpr std::string_view kKind = "piv";
constexpr std::size_t kMostText = 8192;

Pin make_pin(std::string_view digits) {
  Pin pin;
  pin.value.fill(0xFF);
  std::ranges::copy(digits, pin.value.begin());
  return pin;
}

json encode_pin(const Pin& pin) {
  return {{"value", to_hex(pin.value)}, {"left", pin.left}, {"total", pin.total}};
}

json encode_slot(std::uint8_t slot, const KeySlot& held) {
  return {{"slot", slot},
          {"private_key", to_base64(as_bytes(held.key.pem()))},
          {"pin_policy", held.pin_policy},
          {"touch_policy", held.touch_policy},
          {"imported", held.imported ? 1 : 0}};
}

std::uint8_t byte(JsonObject& object, const char* name, std::uint8_t max = 0xFF) {
  return static_cast<std::uint8_t>(object.number(name, 0, max));
}

Pin read_pin(JsonObject& object) {
  Pin pin{.value = {}, .left = byte(object, "left"), .total = byte(object, "total")};
  const auto value = from_hex(object.hex("value", pin.value.size())).value_or(Bytes{});
  if (value.size() == pin.value.size()) std::ranges::copy(value, pin.value.begin());
  return pin;
}

void read_slot(JsonObject& object, PivState& state) {
  const auto slot = byte(object, "slot");
  const auto pem = from_base64(object.text("private_key", kMostText)).value_or(Bytes{});
  const auto key = TokenKey::from_pem(as_text(pem));
  if (!key) return object.reject("private_key", "is no private key");
  state.keys.emplace(slot, KeySlot{.key = *key,
                                   .pin_policy = byte(object, "pin_policy", 3),
                                   .touch_policy = byte(object, "touch_policy", 3),
                                   .imported = byte(object, "imported", 1) != 0});
}

void read_object(JsonObject& object, PivState& state) {
  const auto tag = static_cast<std::uint32_t>(object.number("tag", 1, 0xFFFFFF));
  auto content = from_base64(object.text("content", kMostText));
  if (!content) return object.reject("content", "is not base64");
  state.objects.emplace(tag, std::move(*content));
}

void read_management(JsonObject& object, PivState& state) {
  const auto cipher = byte(object, "cipher");
  const auto secret = from_base64(object.text("secret", 64)).value_or(Bytes{});
  const auto key = ManagementKey::create(cipher, secret);
  if (!key) return object.reject("secret", "is no key of that cipher");
  state.management = *key;
}

}  // namespace

std::array<std::uint8_t, 3> Model::version() const {
  if (aes) return {5, 7, 1};
  return {5, 4, 3};
}

Result<PivState> make_state(const Model& model) {
  std::array<std::uint8_t, 3> random{};
  if (!system_random(random)) return fail("no-random", "The system could not give random bytes.");
  PivState state{.model = model, .management = {}, .pin = {}, .puk = {}, .keys = {}, .objects = {}};
  state.serial = std::uint32_t{1} << 24 | static_cast<std::uint32_t>(random[0]) << 16 |
                 static_cast<std::uint32_t>(random[1]) << 8 | random[2];
  return factory_reset(state);
}

PivState factory_reset(const PivState& state) {
  const auto cipher = state.model.aes ? BlockCipher::aes192 : BlockCipher::des3;
  return {.model = state.model,
          .serial = state.serial,
          .management = ManagementKey::factory(cipher),
          .pin = make_pin("123456"),
          .puk = make_pin("12345678"),
          .keys = {},
          .objects = {}};
}

std::string encode(const PivState& state) {
  json keys = json::array();
  for (const auto& [slot, held] : state.keys) keys.push_back(encode_slot(slot, held));
  json objects = json::array();
  for (const auto& [tag, content] : state.objects)
    objects.push_back({{"tag", tag}, {"content", to_base64(content)}});
  const json value{{"kind", kKind},
                   {"short_apdu", state.model.short_apdu ? 1 : 0},
                   {"composite", state.model.composite ? 1 : 0},
                   {"aes", state.model.aes ? 1 : 0},
                   {"serial", state.serial},
                   {"management",
                    {{"cipher", static_cast<std::uint8_t>(state.management.cipher)},
                     {"secret", to_base64(state.management.secret)}}},
                   {"pin", encode_pin(state.pin)},
                   {"puk", encode_pin(state.puk)},
                   {"keys", std::move(keys)},
                   {"objects", std::move(objects)}};
  return value.dump(1);
}

bool is_state(std::string_view text) {
  const auto value = parse_json(text, kLimits);
  return value && value->is_object() && value->value("kind", json()) == kKind;
}

Result<PivState> parse_state(std::string_view text) {
  LK_TRY(const auto value, parse_json(text, kLimits));
  JsonObject object(value);
  PivState state;
  object.choice("kind", [](std::string_view kind) { return kind == kKind; });
  state.model = {.short_apdu = byte(object, "short_apdu", 1) != 0,
                 .composite = byte(object, "composite", 1) != 0,
                 .aes = byte(object, "aes", 1) != 0};
  state.serial = static_cast<std::uint32_t>(object.number("serial", 0, UINT32_MAX));
  object.object("management", [&](JsonObject& key) { read_management(key, state); });
  object.object("pin", [&](JsonObject& pin) { state.pin = read_pin(pin); });
  object.object("puk", [&](JsonObject& puk) { state.puk = read_pin(puk); });
  object.objects("keys", 0, 0xFF, [&](JsonObject& slot) { read_slot(slot, state); });
  object.objects("objects", 0, 0xFF, [&](JsonObject& item) { read_object(item, state); });
  LK_CHECK(object.finish());
  return state;
}

}  // namespace latchkey::emulator::piv
