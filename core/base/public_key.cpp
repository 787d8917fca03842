#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "core/base/key_forms.h"
#include "core/base/keys.h"
#include "core/base/openssl.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

constexpr std::array kForms{
    KeyForm{KeyAlgorithm::ed25519, "ed25519", "302a300506032b6570032100", 44, nullptr, nullptr},
    KeyForm{KeyAlgorithm::ecdsa_p256, "ecdsa-p256",
            "3059301306072a8648ce3d020106082a8648ce3d03010703420004", 91, "P-256", "SHA256"},
    KeyForm{KeyAlgorithm::ecdsa_p384, "ecdsa-p384",
            "3076301006072a8648ce3d020106052b8104002203620004", 120, "P-384", "SHA384"},
};

const KeyForm* form_of(ByteView spki) {
  for (const auto& form : kForms)
    if (spki.size() == form.size && to_hex(spki.first(form.prefix.size() / 2)) == form.prefix)
      return &form;
  return nullptr;
}

tl::unexpected<Error> invalid_key(std::string message) {
  return fail("invalid-key", std::move(message),
              "Use an Ed25519, ECDSA P-256 or ECDSA P-384 key in SubjectPublicKeyInfo form.");
}

}  // namespace

const KeyForm& form_of(KeyAlgorithm algorithm) {
  return kForms[static_cast<std::size_t>(algorithm)];
}

std::string_view to_string(KeyAlgorithm algorithm) { return form_of(algorithm).name; }

std::optional<KeyAlgorithm> parse_key_algorithm(std::string_view name) {
  for (const auto& form : kForms)
    if (form.name == name) return form.algorithm;
  return std::nullopt;
}

PublicKey::PublicKey(Handle key, KeyAlgorithm algorithm, Bytes der)
    : key_(std::move(key)), algorithm_(algorithm), der_(std::move(der)) {}

Result<PublicKey> PublicKey::from_der(ByteView spki) {
  const auto* form = form_of(spki);
  if (form == nullptr) return invalid_key("Not an Ed25519, P-256 or P-384 public key.");
  const unsigned char* cursor = spki.data();
  Handle key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size())), &EVP_PKEY_free);
  // For ECDSA this also proves that the point lies on the curve.
  if (!key) return invalid_key("The public key's value is not valid on its curve.");
  return PublicKey(std::move(key), form->algorithm, Bytes(spki.begin(), spki.end()));
}

Result<PublicKey> PublicKey::from_raw(KeyAlgorithm algorithm, ByteView bytes) {
  const auto& form = form_of(algorithm);
  const auto prefix = from_hex(form.prefix).value_or(Bytes{});
  // The prefix of the ECDSA forms ends with the point's own first byte.
  const std::size_t shared = form.curve == nullptr ? 0 : 1;
  if (bytes.size() + prefix.size() != form.size + shared)
    return invalid_key("Not an " + std::string(form.name) + " public key.");
  Bytes spki(prefix.begin(), prefix.end() - static_cast<std::ptrdiff_t>(shared));
  spki.insert(spki.end(), bytes.begin(), bytes.end());
  return from_der(spki);
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
  return context &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, form_of(algorithm_).hash, nullptr, nullptr,
                                 key_.get(), nullptr) == 1 &&
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
