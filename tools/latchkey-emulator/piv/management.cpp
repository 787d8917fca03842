#include "core/base/random.h"
#include "tools/latchkey-emulator/piv/application.h"

// The management key 9B: proving it in one direction or both (SP 800-73-4 part 2, appendix A.1),
// replacing it; RESET.
namespace latchkey::emulator::piv {
namespace {

constexpr std::uint16_t kDynamic = 0x7C, kWitness = 0x80, kChallenge = 0x81, kResponse = 0x82;
constexpr std::uint8_t kManagementKey = 0x9B;
constexpr std::uint16_t kWithoutTouch = 0xFFFF;  // P1 P2 of SET MANAGEMENT KEY

/// Whether a field is there and holds something.
bool given(const std::optional<ByteView>& field) { return field && !field->empty(); }

bool equal(ByteView a, const Bytes& b) { return !b.empty() && Bytes(a.begin(), a.end()) == b; }

}  // namespace

Answer Application::authenticate_management(const Command& command,
                                            const std::vector<Tlv>& fields) {
  const auto expected = std::exchange(session_.expected, {});
  if (command.p1 != static_cast<std::uint8_t>(state_.management.cipher))
    return refuse(Sw::wrong_parameters);
  const auto witness = find_tlv(fields, kWitness);
  const auto host_challenge = find_tlv(fields, kChallenge);
  const auto answer = find_tlv(fields, kResponse);
  const bool mutual = given(witness) && given(host_challenge);
  if (!mutual && !given(answer)) {
    if (witness) return challenge(kWitness, true);
    return host_challenge ? challenge(kChallenge, false) : refuse(Sw::wrong_data);
  }
  session_.managed = equal(mutual ? *witness : *answer, expected);
  if (!session_.managed) return refuse(Sw::security_status);
  if (!mutual) return Bytes{};
  const auto proof = state_.management.encrypt(*host_challenge);
  if (proof.empty()) return refuse(Sw::wrong_data);
  return tlv(kDynamic, tlv(kResponse, proof));
}

/// A challenge goes out plain and is to come back encrypted; a witness the other way round.
Answer Application::challenge(std::uint16_t tag, bool encrypted) {
  Bytes plain(state_.management.block_size());
  if (!system_random(plain)) return refuse(Sw::memory_failure);
  auto secret = state_.management.encrypt(plain);
  session_.expected = encrypted ? plain : secret;
  return tlv(kDynamic, tlv(tag, encrypted ? secret : plain));
}

/// Yubico: cipher, 9B, length, key.
Answer Application::set_management_key(const Command& command) {
  if (!session_.managed) return refuse(Sw::security_status);
  if (command.p1p2() != kWithoutTouch) return refuse(Sw::wrong_parameters);
  const ByteView data(command.data);
  if (data.size() < 3 || data[1] != kManagementKey || data[2] != data.size() - 3)
    return refuse(Sw::wrong_data);
  const auto key = ManagementKey::create(data[0], data.subspan(3));
  if (!key) return refuse(Sw::wrong_data);
  auto next = state_;
  next.management = *key;
  return replace(std::move(next));
}

/// Yubico: only a token whose PIN and PUK are both blocked.
Answer Application::reset_token(const Command&) {
  if (state_.pin.left != 0 || state_.puk.left != 0) return refuse(Sw::conditions);
  reset();
  return replace(factory_reset(state_));
}

}  // namespace latchkey::emulator::piv
