#include "tools/latchkey-emulator/piv/application.h"

// Key pairs: GENERATE, import, GENERAL AUTHENTICATE (SP 800-73-4 part 2, 3.2.4 and 3.3.1).
namespace latchkey::emulator::piv {
namespace {

constexpr std::uint16_t kAlgorithm = 0x80, kPinPolicy = 0xAA, kTouchPolicy = 0xAB;
constexpr std::uint16_t kControlReference = 0xAC, kPublicKey = 0x7F49;
constexpr std::uint16_t kDynamic = 0x7C, kChallenge = 0x81, kResponse = 0x82;
constexpr std::uint16_t kEcSecret = 0x06, kEd25519Secret = 0x07;
constexpr std::uint8_t kManagementKey = 0x9B, kSignatureKey = 0x9C, kCardKey = 0x9E;

enum Policy : std::uint8_t { standard = 0, never = 1, once = 2, always = 3 };

bool is_slot(std::uint8_t reference) {
  const bool retired = reference >= 0x82 && reference <= 0x95;
  return reference == 0x9A || (reference >= kSignatureKey && reference <= kCardKey) || retired;
}

std::uint8_t standard_pin_policy(std::uint8_t slot) {
  if (slot == kCardKey) return never;
  return slot == kSignatureKey ? always : once;
}

/// Nothing when it is there and is no policy.
std::optional<std::uint8_t> policy(const std::vector<Tlv>& tlvs, std::uint16_t tag,
                                   std::uint8_t otherwise) {
  const auto value = find_tlv(tlvs, tag);
  if (!value) return otherwise;
  if (value->size() != 1 || (*value)[0] > always) return std::nullopt;
  return (*value)[0] == standard ? otherwise : (*value)[0];
}

}  // namespace

bool Application::supports(TokenAlgorithm algorithm) const {
  return algorithm != TokenAlgorithm::ed25519 || state_.model.aes;  // both came with 5.7
}

Answer Application::generate(const Command& command) {
  if (!session_.managed) return refuse(Sw::security_status);
  if (command.p1 != 0 || !is_slot(command.p2)) return refuse(Sw::wrong_parameters);
  const auto fields = parse_template(command.data, kControlReference);
  const auto name = fields ? find_tlv(*fields, kAlgorithm) : std::nullopt;
  if (!name || name->size() != 1) return refuse(Sw::wrong_data);
  const auto algorithm = parse_token_algorithm((*name)[0]);
  if (!algorithm || !supports(*algorithm)) return refuse(Sw::wrong_data);
  const auto key = TokenKey::generate(*algorithm);
  if (!key) return refuse(Sw::memory_failure);
  LK_CHECK(install(command.p2, {.key = *key}, *fields));
  return tlv(kPublicKey, key->public_fields());
}

Answer Application::import_key(const Command& command) {
  if (!session_.managed) return refuse(Sw::security_status);
  const auto algorithm = parse_token_algorithm(command.p1);
  if (!algorithm || !is_slot(command.p2)) return refuse(Sw::wrong_parameters);
  if (*algorithm == TokenAlgorithm::rsa2048 || !supports(*algorithm))
    return refuse(Sw::not_supported);
  const auto fields = parse_tlvs(command.data);
  const auto tag = *algorithm == TokenAlgorithm::ed25519 ? kEd25519Secret : kEcSecret;
  const auto secret = fields ? find_tlv(*fields, tag) : std::nullopt;
  const auto key = secret ? TokenKey::from_secret(*algorithm, *secret) : std::nullopt;
  if (!key) return refuse(Sw::wrong_data);
  return install(command.p2, {.key = *key, .imported = true}, *fields);
}

Answer Application::install(std::uint8_t slot, KeySlot key, const std::vector<Tlv>& policies) {
  const auto pin = policy(policies, kPinPolicy, standard_pin_policy(slot));
  const auto touch = policy(policies, kTouchPolicy, never);
  if (!pin || !touch) return refuse(Sw::wrong_data);
  key.pin_policy = *pin;
  key.touch_policy = *touch;
  auto next = state_;
  next.keys.insert_or_assign(slot, std::move(key));
  return replace(std::move(next));
}

Answer Application::authenticate(const Command& command) {
  const auto fields = parse_template(command.data, kDynamic);
  if (!fields) return refuse(Sw::wrong_data);
  if (command.p2 == kManagementKey) return authenticate_management(command, *fields);
  if (!is_slot(command.p2)) return refuse(Sw::wrong_parameters);
  const auto slot = state_.keys.find(command.p2);
  if (slot == state_.keys.end()) return refuse(Sw::no_reference);
  if (command.p1 != static_cast<std::uint8_t>(slot->second.key.algorithm()))
    return refuse(Sw::wrong_parameters);
  const auto input = find_tlv(*fields, kChallenge);
  if (!input || !find_tlv(*fields, kResponse)) return refuse(Sw::wrong_data);
  return sign(slot->second, *input);
}

Answer Application::sign(const KeySlot& slot, ByteView input) {
  const bool pin = slot.pin_policy == never ||
                   (slot.pin_policy == once ? session_.pin_verified : session_.pin_fresh);
  const bool touched = slot.touch_policy == never;  // nobody is there to touch it
  session_.pin_fresh = false;
  if (!pin || !touched) return refuse(Sw::security_status);
  LK_TRY(auto signature, slot.key.sign(input));
  if (spoiled_) signature.back() ^= 1;
  return tlv(kDynamic, tlv(kResponse, signature));
}

}  // namespace latchkey::emulator::piv
