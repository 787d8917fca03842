#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <array>

#include "core/base/key_forms.h"
#include "core/base/keys.h"
#include "core/base/openssl.h"

namespace latchkey {
namespace {

// 16 MiB and some 50 ms per guess; the memory stays below OpenSSL's own 32 MiB bound, so that the
// stock `openssl` program opens these files too.
constexpr int kScryptN = 16384, kScryptR = 8, kScryptP = 1;

tl::unexpected<Error> crypto_failed() {
  ERR_clear_error();
  return fail("crypto-failed", "The cryptographic library refused the operation.");
}

/// OpenSSL's pem_password_cb. Without it OpenSSL would ask on the terminal.
int give_passphrase(char* buffer, int size, int /*for_writing*/, void* passphrase) {
  const auto& text = *static_cast<const std::string_view*>(passphrase);
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  return static_cast<int>(text.copy(buffer, text.size()));
}

Result<std::string> text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  if (size <= 0) return crypto_failed();
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

PrivateKey::PrivateKey(PublicKey public_key) : public_key_(std::move(public_key)) {}

Result<PrivateKey> PrivateKey::adopt(std::shared_ptr<evp_pkey_st> key) {
  Bytes der(static_cast<std::size_t>(std::max(0, i2d_PUBKEY(key.get(), nullptr))));
  auto* cursor = der.data();
  if (!der.empty()) i2d_PUBKEY(key.get(), &cursor);
  LK_TRY(auto checked, PublicKey::from_der(der));
  return PrivateKey(PublicKey(std::move(key), checked.algorithm(), std::move(der)));
}

Result<PrivateKey> PrivateKey::generate(KeyAlgorithm algorithm) {
  const auto* curve = form_of(algorithm).curve;
  auto* key = curve == nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                               : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
  if (key == nullptr) return fail("no-random", "The system could not generate a key.");
  return adopt(PublicKey::Handle(key, &EVP_PKEY_free));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem, std::string_view passphrase) {
  const bool encrypted = pem.find("BEGIN ENCRYPTED PRIVATE KEY") != std::string_view::npos;
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PublicKey::Handle key(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_passphrase, &passphrase) : nullptr,
      &EVP_PKEY_free);
  ERR_clear_error();
  if (key) return adopt(std::move(key));
  if (encrypted)
    return fail("wrong-passphrase", "The passphrase does not open this private key.",
                "Give the passphrase that was set when the key was created.");
  return fail("invalid-key", "Not a PKCS#8 PEM private key.");
}

Result<std::string> PrivateKey::plain_pem() const {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), public_key_.key_.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr) != 1)
    return crypto_failed();
  return text_of(bio.get());
}

Result<std::string> PrivateKey::encrypted_pem(std::string_view passphrase) const {
  if (passphrase.empty())
    return fail("empty-passphrase", "A private key is not stored without a passphrase.",
                "Give a passphrase.");
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  const openssl::Pkcs8 plain(EVP_PKEY2PKCS8(public_key_.key_.get()));
  openssl::Scheme scheme(
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, kScryptN, kScryptR, kScryptP));
  if (!bio || !plain || !scheme) return crypto_failed();
  const openssl::EncryptedPkcs8 sealed(PKCS8_set0_pbe(
      passphrase.data(), static_cast<int>(passphrase.size()), plain.get(), scheme.get()));
  // Only on success does the sealed key own its scheme.
  if (sealed) static_cast<void>(scheme.release());
  if (!sealed || PEM_write_bio_PKCS8(bio.get(), sealed.get()) != 1) return crypto_failed();
  return text_of(bio.get());
}

Result<Bytes> PrivateKey::sign(ByteView message) const {
  const auto* hash = form_of(public_key_.algorithm()).hash;
  const openssl::DigestContext context(EVP_MD_CTX_new());
  Bytes signature(128);
  std::size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit_ex(context.get(), nullptr, hash, nullptr, nullptr, public_key_.key_.get(),
                            nullptr) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
    return crypto_failed();
  signature.resize(size);
  return signature;
}

Result<Bytes> PrivateKey::sign_digest(ByteView digest) const {
  if (public_key_.algorithm() == KeyAlgorithm::ed25519) return sign(digest);
  const openssl::KeyContext context(EVP_PKEY_CTX_new(public_key_.key_.get(), nullptr));
  Bytes signature(128);
  std::size_t size = signature.size();
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()) != 1)
    return crypto_failed();
  signature.resize(size);
  return signature;
}

Result<Bytes> PrivateKey::derive(std::string_view label) const {
  std::array<std::uint8_t, 32> seed{};
  std::size_t seed_size = seed.size();
  const openssl::KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  Bytes out(32);
  std::size_t size = out.size();
  const bool done =
      context &&
      EVP_PKEY_get_raw_private_key(public_key_.key_.get(), seed.data(), &seed_size) == 1 &&
      EVP_PKEY_derive_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), seed.data(), static_cast<int>(seed_size)) == 1 &&
      EVP_PKEY_CTX_add1_hkdf_info(context.get(),
                                  reinterpret_cast<const unsigned char*>(label.data()),
                                  static_cast<int>(label.size())) == 1 &&
      EVP_PKEY_derive(context.get(), out.data(), &size) == 1;
  OPENSSL_cleanse(seed.data(), seed.size());
  if (!done) return crypto_failed();
  return out;
}

}  // namespace latchkey
