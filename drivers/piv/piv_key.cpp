#include "drivers/piv/piv_key.h"

#include <algorithm>

#include "core/base/big_endian.h"
#include "core/usbkey/key_id.h"
#include "drivers/piv/certificate.h"
#include "drivers/piv/tlv.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey::piv {
namespace {

constexpr std::size_t kChallengeSize = 32;
constexpr std::size_t kMostSignature = 112;  // ECDSA P-384 in DER has 104 at most

tl::unexpected<KeyError> refused(std::string detail) {
  return key_fail(KeyError::Kind::refused, std::move(detail));
}

/// `content` as an object must not be longer than every token takes: some find out when the old
/// object is gone.
KeyResult<void> check_size(ByteView content) {
  const auto size = make_tlv(0x53, content).size();
  if (size <= kMostObject) return {};
  return refused(std::to_string(size) + " bytes in one object; a token holds " +
                 std::to_string(kMostObject));
}

KeyResult<void> check_ours(ByteView object, std::string_view magic) {
  if (!is_foreign(object, magic)) return {};
  return refused("the object in the token holds something else, which is not overwritten");
}

/// How GENERAL AUTHENTICATE names an algorithm (SP 800-78-4 table 6-2; E0 is Yubico's) and how long
/// its digest is.
struct SlotAlgorithm {
  std::uint8_t reference;
  std::size_t digest_size;
};
SlotAlgorithm slot_algorithm(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::ed25519:
      return {0xE0, 32};
    case KeyAlgorithm::ecdsa_p256:
      return {0x11, 32};
    case KeyAlgorithm::ecdsa_p384:
      break;
  }
  return {0x14, 48};
}

std::optional<Bytes> stamp_of(ByteView object) {
  const auto content = content_of(object);
  if (!content || !as_text(*content).starts_with(kStampMagic)) return std::nullopt;
  const auto stamp = content->subspan(kStampMagic.size());
  return Bytes(stamp.begin(), stamp.end());
}

}  // namespace

KeyResult<StoredSlots> read_slots(Application& application) {
  StoredSlots out;
  for (std::size_t i = 0; i < out.slots.size(); ++i) {
    LK_TRY(out.objects[i], application.get_data(kLicenseObjects[i]));
    if (const auto content = content_of(out.objects[i])) out.slots[i] = unpack(*content);
  }
  return out;
}

KeyResult<Bytes> sign_challenge(Application& application, KeyAlgorithm algorithm,
                                ByteView challenge) {
  const auto [reference, digest_size] = slot_algorithm(algorithm);
  // Zeros in front do not change the number that ECDSA signs, and some firmware wants them.
  Bytes digest(digest_size - challenge.size());
  put_bytes(digest, challenge);
  auto signature = application.sign(reference, digest);
  if (signature && signature->size() > kMostSignature)
    return key_fail(KeyError::Kind::protocol,
                    "a signature of " + std::to_string(signature->size()) + " bytes");
  if (!signature && signature.error().kind == KeyError::Kind::refused)
    signature.error().detail +=
        "; slot 9E must hold the key of its certificate, with PIN and touch policy never";
  return signature;
}

PivKey::PivKey(std::unique_ptr<Card> card, std::shared_ptr<const ManagementKeys> keys,
               FillRandom random)
    : card_(std::move(card)), keys_(std::move(keys)), random_(std::move(random)) {}

KeyResult<Bytes> PivKey::public_key(Deadline deadline) {
  known_.reset();
  LK_TRY(auto application, Application::open(*card_, deadline));
  LK_TRY(const auto object, application.get_data(Object::certificate));
  LK_TRY(const auto certificate, read_certificate(object));
  known_ = certificate.public_key;
  return known_->der();
}

KeyResult<Bytes> PivKey::prove(ByteView challenge, Deadline deadline) {
  if (challenge.size() != kChallengeSize) return refused("a challenge has 32 bytes");
  if (!known_) LK_CHECK(public_key(deadline));
  LK_TRY(auto application, Application::open(*card_, deadline));
  return sign_challenge(application, known_->algorithm(), challenge);
}

KeyResult<Bytes> PivKey::read_license(Deadline deadline) {
  LK_TRY(auto application, Application::open(*card_, deadline));
  LK_TRY(auto stored, read_slots(application));
  const auto current = winner(stored.slots);
  if (!current) return key_fail(KeyError::Kind::unprovisioned, "no license slot");
  return std::move(stored.slots[*current]->envelope);
}

KeyResult<void> PivKey::write_license(ByteView envelope, Deadline deadline) {
  if (envelope.empty()) return refused("an empty license");
  LK_CHECK(check_size(pack({0, Bytes(envelope.begin(), envelope.end())})));
  LK_TRY(auto application, Application::open(*card_, deadline));
  LK_TRY(const auto stored, read_slots(application));
  const auto current = winner(stored.slots);
  if (current && std::ranges::equal(stored.slots[*current]->envelope, envelope)) return {};
  const std::size_t target = current == std::size_t{0} ? 1 : 0;
  LK_CHECK(check_ours(stored.objects[target], kLicenseMagic));
  const auto generation = current ? stored.slots[*current]->generation + 1 : 1;
  const auto content = pack({generation, Bytes(envelope.begin(), envelope.end())});
  return store(application, kLicenseObjects[target], content);
}

KeyResult<Bytes> PivKey::read_stamp(Deadline deadline) {
  LK_TRY(auto application, Application::open(*card_, deadline));
  LK_TRY(const auto object, application.get_data(Object::stamp));
  return stamp_of(object).value_or(Bytes{});
}

KeyResult<void> PivKey::write_stamp(ByteView stamp, Deadline deadline) {
  Bytes content(kStampMagic.begin(), kStampMagic.end());
  put_bytes(content, stamp);
  LK_CHECK(check_size(content));
  LK_TRY(auto application, Application::open(*card_, deadline));
  LK_TRY(const auto old, application.get_data(Object::stamp));
  LK_CHECK(check_ours(old, kStampMagic));
  return store(application, Object::stamp, content);
}

/// Writes and reads back; what is whole wins by what stands in it, what is torn counts for nothing.
KeyResult<void> PivKey::store(Application& application, Object object, ByteView content) {
  LK_TRY(const auto stored_certificate, application.get_data(Object::certificate));
  LK_TRY(const auto certificate, read_certificate(stored_certificate));
  const auto id = key_id(certificate.public_key.der());
  const auto* key = keys_->find(id);
  if (key == nullptr) return refused("no management key is configured for " + id);
  LK_CHECK(application.authenticate(*key, random_));
  LK_CHECK(application.put_data(object, content));
  LK_TRY(const auto back, application.get_data(object));
  const auto found = content_of(back);
  if (!found || !std::ranges::equal(*found, content))
    return key_fail(KeyError::Kind::protocol, "what was written reads back differently");
  return {};
}

KeyResult<void> PivKey::check_present(Deadline deadline) {
  const auto expected = std::exchange(known_, std::nullopt);
  const auto found = public_key(deadline);
  if (!found && found.error().kind == KeyError::Kind::not_a_key)
    return key_fail(KeyError::Kind::gone, "the card left: " + found.error().detail);
  if (!found) return tl::make_unexpected(found.error());
  if (expected && expected->der() != *found)
    return key_fail(KeyError::Kind::gone, "another card was put in");
  return {};
}

}  // namespace latchkey::piv
