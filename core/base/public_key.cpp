#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "core/base/keys.h"
#include "core/base/openssl.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

struct Form {
  KeyAlgorithm algorithm;
  std::string_view name;
  std::string_view prefix;  ///< hex of everything before the key's own bytes
  std::size_t size;         ///< of the whole SubjectPublicKeyInfo
};

constexpr std::array kForms{
    Form{KeyAlgorithm::ed25519, "ed25519", "302a300506032b6570032100", 44},
    Form{KeyAlgorithm::ecdsa_p256, "ecdsa-p256",
         "3059301306072a8648ce3d020106082a8648ce3d03010703420004", 91},
};

const Form* form_of(ByteView spki) {
  for (const auto& form : kForms)
    if (spki.size() == form.size && to_hex(spki.first(form.prefix.size() / 2)) == form.prefix)
      return &form;
  return nullptr;
}

tl::unexpected<Error> invalid_key(std::string message) {
  return fail("invalid-key", std::move(message),
              "Use an Ed25519 or ECDSA P-256 key in SubjectPublicKeyInfo form.");
}

}  // namespace

std::string_view to_string(KeyAlgorithm algorithm) {
  return kForms[static_cast<std::size_t>(algorithm)].name;
}

std::optional<KeyAlgorithm> parse_key_algorithm(std::string_view name) {
  for (const auto& form : kForms)
    if (form.name == name) return form.algorithm;
  return std::nullopt;
}

PublicKey::PublicKey(Handle key, KeyAlgorithm algorithm, Bytes der)
    : key_(std::move(key)), algorithm_(algorithm), der_(std::move(der)) {}

Result<PublicKey> PublicKey::from_der(ByteView spki) {
  const auto* form = form_of(spki);
  if (form == nullptr) return invalid_key("Not an Ed25519 or P-256 public key.");
  const unsigned char* cursor = spki.data();
  Handle key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size())), &EVP_PKEY_free);
  // For P-256 this also proves that the point lies on the curve.
  if (!key) return invalid_key("The public key's value is not valid on its curve.");
  return PublicKey(std::move(key), form->algorithm, Bytes(spki.begin(), spki.end()));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const openssl::KeyHandle key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)
                                   : nullptr);
  if (!key) return invalid_key("Not a PEM public key.");
  Bytes der(static_cast<std::size_t>(std::max(0, i2d_PUBKEY(key.get(), nullptr))));
  auto* cursor = der.data();
  if (!der.empty()) i2d_PUBKEY(key.get(), &cursor);
  return from_der(der);
}

std::string PublicKey::pem() const {
  std::string body = to_base64(der_);
  for (std::size_t at = 64; at < body.size(); at += 65) body.insert(at, 1, '\n');
  return "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----\n";
}

std::string PublicKey::fingerprint() const { return content_hash(der_); }

bool PublicKey::verify(ByteView message, ByteView signature) const {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  const auto* digest = algorithm_ == KeyAlgorithm::ecdsa_p256 ? EVP_sha256() : nullptr;
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

bool PublicKey::verify_digest(ByteView digest, ByteView signature) const {
  if (algorithm_ == KeyAlgorithm::ed25519) return verify(digest, signature);
  const openssl::KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  return context && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(),
                         digest.size()) == 1;
}

}  // namespace latchkey
