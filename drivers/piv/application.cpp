#include "drivers/piv/application.h"

#include "core/base/big_endian.h"
#include "drivers/piv/management_cipher.h"
#include "drivers/piv/status.h"
#include "drivers/piv/tlv.h"

namespace latchkey::piv {
namespace {

// The whole AID of SP 800-73-4 part 1 section 2.2, its version included: every card takes that,
// not every card a shorter one.
const Bytes kApplicationId{0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00};

constexpr std::uint8_t kSelect = 0xA4, kGetData = 0xCB, kPutData = 0xDB, kAuthenticate = 0x87,
                       kGetMetadata = 0xF7;
constexpr std::uint32_t kObjectIdTag = 0x5C, kObjectTag = 0x53, kDynamicTag = 0x7C;
constexpr std::uint32_t kWitnessTag = 0x80, kChallengeTag = 0x81, kResponseTag = 0x82;
constexpr std::uint32_t kAlgorithmTag = 0x01, kDefaultTag = 0x05;  // in metadata

Bytes object_id(Object object) {
  Bytes id{static_cast<std::uint8_t>(static_cast<std::uint32_t>(object) >> 16)};
  put_u16(id, static_cast<std::uint32_t>(object));
  return make_tlv(kObjectIdTag, id);
}

std::string name(std::string_view command, Object object) {
  Bytes id{static_cast<std::uint8_t>(static_cast<std::uint32_t>(object) >> 16)};
  put_u16(id, static_cast<std::uint32_t>(object));
  return std::string(command) + " " + to_hex(id);
}

}  // namespace

KeyResult<Application> Application::open(Card& card, Deadline deadline) {
  LK_TRY(auto link, ApduLink::begin(card, deadline));
  LK_TRY(const auto answer, link.exchange({kSelect, 0x04, 0x00, kApplicationId}));
  if (answer.status != kDone)
    return key_fail(KeyError::Kind::not_a_key,
                    "no PIV application: " + describe_status(answer.status));
  return Application(std::move(link));
}

KeyResult<Bytes> Application::get_data(Object object) {
  LK_TRY(auto answer,
         exchange({kGetData, 0x3F, 0xFF, object_id(object), Command::Answer::lengthy}));
  if (answer.status == kNotFound) return Bytes{};
  if (answer.status != kDone) return status_fail(name("GET DATA", object), answer.status);
  return std::move(answer.data);
}

KeyResult<void> Application::put_data(Object object, ByteView content) {
  auto data = object_id(object);
  put_tlv(data, kObjectTag, content);
  LK_TRY(const auto answer,
         exchange({kPutData, 0x3F, 0xFF, std::move(data), Command::Answer::none}));
  if (answer.status != kDone) return status_fail(name("PUT DATA", object), answer.status);
  return {};
}

KeyResult<Bytes> Application::general_authenticate(std::uint8_t algorithm, Slot slot, ByteView data,
                                                   std::uint32_t wanted, std::string_view doing) {
  LK_TRY(const auto answer, exchange({kAuthenticate, algorithm, static_cast<std::uint8_t>(slot),
                                      make_tlv(kDynamicTag, data), Command::Answer::brief}));
  if (answer.status != kDone) return status_fail(doing, answer.status);
  const auto dynamic = only_tlv(answer.data, kDynamicTag);
  const auto value = dynamic ? find_tlv(*dynamic, wanted) : std::nullopt;
  if (!value || value->empty())
    return key_fail(KeyError::Kind::protocol, std::string(doing) + ": malformed answer");
  return Bytes(value->begin(), value->end());
}

KeyResult<Bytes> Application::sign(std::uint8_t algorithm, ByteView digest) {
  Bytes request = make_tlv(kResponseTag, {});
  put_tlv(request, kChallengeTag, digest);
  return general_authenticate(algorithm, Slot::card_authentication, request, kResponseTag,
                              "sign with slot 9E");
}

KeyResult<void> Application::authenticate(const ManagementKey& key, const FillRandom& random) {
  LK_TRY(const auto known, metadata(Slot::management));
  const auto algorithm =
      known ? management_algorithm(known->algorithm) : std::optional(key.algorithm);
  if (!algorithm || key_size(*algorithm) != key.value.size())
    return key_fail(KeyError::Kind::refused,
                    "the token's management key is of another kind than the one given");
  const ManagementKey effective{*algorithm, key.value};
  // Selecting PIV again would leave it authenticated (SP 800-73-4 part 2 section 3.1.1).
  link_.reset_at_end();
  const auto reference = static_cast<std::uint8_t>(*algorithm);
  LK_TRY(const auto witness,
         general_authenticate(reference, Slot::management, make_tlv(kWitnessTag, {}), kWitnessTag,
                              "ask for a witness"));
  Bytes challenge(block_size(*algorithm));
  const auto proof = decrypt_block(effective, witness);
  if (!proof || !random(challenge))
    return key_fail(KeyError::Kind::protocol, "malformed witness, or no random numbers");
  auto request = make_tlv(kWitnessTag, *proof);
  put_tlv(request, kChallengeTag, challenge);
  LK_TRY(const auto answer, general_authenticate(reference, Slot::management, request, kResponseTag,
                                                 "open with the management key"));
  if (encrypt_block(effective, challenge) != answer)
    return key_fail(KeyError::Kind::protocol, "the token does not know its management key");
  return {};
}

KeyResult<std::optional<Metadata>> Application::metadata(Slot slot) {
  LK_TRY(const auto answer, exchange({kGetMetadata, 0, static_cast<std::uint8_t>(slot), {}}));
  const auto algorithm =
      answer.status == kDone ? find_tlv(answer.data, kAlgorithmTag) : std::nullopt;
  if (!algorithm || algorithm->size() != 1) return std::nullopt;
  Metadata out{(*algorithm)[0], {}};
  if (const auto flag = find_tlv(answer.data, kDefaultTag); flag && flag->size() == 1)
    out.factory_default = (*flag)[0] == 1;
  return out;
}

std::optional<ByteView> content_of(ByteView object) { return only_tlv(object, kObjectTag); }

}  // namespace latchkey::piv
