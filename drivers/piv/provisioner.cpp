#include "drivers/piv/provisioner.h"

#include "core/base/big_endian.h"
#include "core/base/sha256.h"
#include "core/usbkey/key_id.h"
#include "drivers/piv/certificate_maker.h"
#include "drivers/piv/piv_key.h"
#include "drivers/piv/status.h"
#include "drivers/piv/tlv.h"

namespace latchkey::piv {
namespace {

constexpr std::uint8_t kGenerate = 0x47, kSetManagementKey = 0xFF;
constexpr std::uint32_t kControlTag = 0xAC, kAlgorithmTag = 0x80, kPinPolicyTag = 0xAA,
                        kTouchPolicyTag = 0xAB;
constexpr std::uint32_t kPublicKeyTag = 0x7F49, kPointTag = 0x86;
constexpr std::uint8_t kP256 = 0x11, kNever = 0x01;

/// SP 800-73-4 part 2 section 3.3.1; the policies are Yubico's.
Command generate_command(bool with_policy) {
  auto control = make_tlv(kAlgorithmTag, Bytes{kP256});
  if (with_policy) {
    put_tlv(control, kPinPolicyTag, Bytes{kNever});
    put_tlv(control, kTouchPolicyTag, Bytes{kNever});
  }
  return {kGenerate, 0, static_cast<std::uint8_t>(Slot::card_authentication),
          make_tlv(kControlTag, control)};
}

KeyResult<PublicKey> generate(Application& application) {
  LK_TRY(auto answer, application.exchange(generate_command(true)));
  // A plain PIV card does not know the policies: its 9E needs no PIN anyway (SP 800-73-4 part 1,
  // table 4b). Whether that holds is tried below, by signing.
  if (answer.status == kWrongData || answer.status == kWrongParameters) {
    LK_TRY(answer, application.exchange(generate_command(false)));
  }
  if (answer.status != kDone) return status_fail("generate a key in slot 9E", answer.status);
  const auto fields = only_tlv(answer.data, kPublicKeyTag);
  const auto point = fields ? find_tlv(*fields, kPointTag) : std::nullopt;
  auto key = PublicKey::from_raw(KeyAlgorithm::ecdsa_p256, point.value_or(ByteView{}));
  if (!key)
    return key_fail(KeyError::Kind::protocol, "generate a key in slot 9E: malformed public key");
  return *std::move(key);
}

KeyResult<void> empty(Application& application, Object object) {
  LK_TRY(const auto old, application.get_data(object));
  if (old.empty()) return {};
  return application.put_data(object, {});
}

/// Whether a key of the given kind answers in slot 9E.
KeyResult<bool> answers(Application& application, KeyAlgorithm algorithm) {
  const auto signature = sign_challenge(application, algorithm, sha256(Bytes{}));
  if (!signature && signature.error().kind != KeyError::Kind::refused)
    return tl::make_unexpected(signature.error());
  return signature.has_value();
}

KeyResult<std::optional<bool>> find_private_key(Application& application, bool says) {
  LK_TRY(const auto metadata, application.metadata(Slot::card_authentication));
  if (metadata || says) return metadata.has_value();
  for (const auto algorithm : {KeyAlgorithm::ecdsa_p256, KeyAlgorithm::ecdsa_p384}) {
    LK_TRY(const bool found, answers(application, algorithm));
    if (found) return true;
  }
  return std::nullopt;
}

KeyResult<void> look_at_management_key(Application& application, TokenContent& out) {
  LK_TRY(const auto metadata, application.metadata(Slot::management));
  if (metadata) out.management_algorithm = management_algorithm(metadata->algorithm);
  if (metadata && metadata->factory_default) {
    out.factory_management_key = *metadata->factory_default;
    return {};
  }
  auto opened = application.authenticate(factory_management_key(), system_random);
  if (!opened && opened.error().kind == KeyError::Kind::gone) return opened;
  out.factory_management_key = opened.has_value();
  return {};
}

ObjectContent about(ByteView object, std::string_view magic) {
  return {object.size(), is_foreign(object, magic), {}};
}

KeyResult<void> look_at_objects(Application& application, TokenContent& out) {
  LK_TRY(const auto certificate, application.get_data(Object::certificate));
  const auto content = content_of(certificate);
  out.certificate_size = content && content->empty() ? 0 : certificate.size();
  if (auto read = read_certificate(certificate)) out.certificate = *std::move(read);
  LK_TRY(auto stored, read_slots(application));
  out.winner = winner(stored.slots);
  for (std::size_t i = 0; i < out.slots.size(); ++i) {
    out.slots[i] = about(stored.objects[i], kLicenseMagic);
    out.slots[i].license = std::move(stored.slots[i]);
  }
  LK_TRY(const auto stamp, application.get_data(Object::stamp));
  out.stamp = about(stamp, kStampMagic);
  return {};
}

}  // namespace

std::vector<std::string> TokenContent::occupied() const {
  std::vector<std::string> out;
  if (private_key.value_or(false)) out.emplace_back("a private key in slot 9E");
  if (certificate_size != 0)
    out.push_back("a certificate in 5FC101" +
                  (certificate ? " (" + certificate->subject + ")" : std::string()));
  constexpr std::array kNames{"5FC10D", "5FC10E"};
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (slots[i].size != 0 && (slots[i].foreign || slots[i].license))
      out.push_back((slots[i].foreign ? "something else in " : "a license in ") +
                    std::string(kNames[i]));
  if (stamp.foreign) out.emplace_back("something else in 5FC10F");
  return out;
}

KeyResult<TokenContent> inspect_token(Card& card, Deadline deadline) {
  LK_TRY(auto application, Application::open(card, deadline));
  TokenContent out;
  LK_CHECK(look_at_objects(application, out));
  LK_CHECK(look_at_management_key(application, out));
  LK_TRY(out.private_key, find_private_key(application, out.management_algorithm.has_value()));
  return out;
}

KeyResult<PublicKey> prepare_token(Card& card, const ManagementKey& management, Deadline deadline) {
  LK_TRY(auto application, Application::open(card, deadline));
  LK_CHECK(application.authenticate(management, system_random));
  for (const auto object :
       {Object::certificate, Object::license_a, Object::license_b, Object::stamp})
    LK_CHECK(empty(application, object));
  LK_TRY(auto key, generate(application));
  const auto sign = [&](ByteView digest) {
    return sign_challenge(application, key.algorithm(), digest);
  };
  LK_TRY(const auto certificate, make_certificate(key, key_id(key.der()), sign));
  LK_CHECK(application.put_data(Object::certificate, certificate));
  LK_TRY(const auto back, application.get_data(Object::certificate));
  LK_TRY(const auto read, read_certificate(back));
  if (!(read.public_key == key))
    return key_fail(KeyError::Kind::protocol, "the certificate reads back differently");
  return key;
}

KeyResult<void> set_management_key(Card& card, const ManagementKey& current,
                                   const ManagementKey& next, Deadline deadline) {
  LK_TRY(auto application, Application::open(card, deadline));
  LK_CHECK(application.authenticate(current, system_random));
  Bytes data{static_cast<std::uint8_t>(next.algorithm), static_cast<std::uint8_t>(Slot::management),
             static_cast<std::uint8_t>(next.value.size())};
  put_bytes(data, next.value);
  LK_TRY(const auto answer,
         application.exchange({kSetManagementKey, 0xFF, 0xFF, data, Command::Answer::none}));
  if (answer.status == kUnknownInstruction)
    return key_fail(KeyError::Kind::refused, "this token has no command for its management key");
  if (answer.status != kDone) return status_fail("set the management key", answer.status);
  return application.authenticate(next, system_random);
}

}  // namespace latchkey::piv
