#include "tools/latchkey-emulator/piv/token_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "core/base/openssl.h"
#include "tools/latchkey-emulator/piv/tlv.h"

namespace latchkey::emulator::piv {
namespace {

constexpr std::size_t kRsaBytes = 256;

struct Curve {
  TokenAlgorithm algorithm;
  const char* name;
  std::size_t size;  ///< bytes of a scalar
  Bytes oid;         ///< DER
};
const std::array<Curve, 2>& curves() {
  static const std::array<Curve, 2> all{
      Curve{TokenAlgorithm::p256,
            "P-256",
            32,
            {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}},
      Curve{TokenAlgorithm::p384, "P-384", 48, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22}}};
  return all;
}
const Curve* curve_of(TokenAlgorithm algorithm) {
  const auto found = std::ranges::find(curves(), algorithm, &Curve::algorithm);
  return found == curves().end() ? nullptr : &*found;
}

/// An ECPrivateKey (RFC 5915) without the public part, which OpenSSL then computes.
EVP_PKEY* ec_key(const Curve& curve, ByteView scalar) {
  if (scalar.size() != curve.size) return nullptr;
  Bytes fields{0x02, 0x01, 0x01};
  put_tlv(fields, 0x04, scalar);
  put_tlv(fields, 0xA0, curve.oid);
  const auto der = tlv(0x30, fields);
  const auto* cursor = der.data();
  return d2i_PrivateKey(EVP_PKEY_EC, nullptr, &cursor, static_cast<long>(der.size()));
}

std::optional<TokenAlgorithm> algorithm_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) return TokenAlgorithm::ed25519;
  if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == 2048) return TokenAlgorithm::rsa2048;
  if (!EVP_PKEY_is_a(key, "EC")) return std::nullopt;
  for (const auto& curve : curves())
    if (EVP_PKEY_get_bits(key) == static_cast<int>(curve.size * 8)) return curve.algorithm;
  return std::nullopt;
}

Bytes number(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const openssl::Handle<BIGNUM, BN_free> value(raw);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), out.data());
  return out;
}

Bytes encoded_point(EVP_PKEY* key) {
  unsigned char* raw = nullptr;
  const auto size = EVP_PKEY_get1_encoded_public_key(key, &raw);
  const Bytes out(raw, raw + size);
  OPENSSL_free(raw);
  return out;
}

}  // namespace

std::optional<TokenAlgorithm> parse_token_algorithm(std::uint8_t value) {
  switch (const auto algorithm = static_cast<TokenAlgorithm>(value)) {
    case TokenAlgorithm::rsa2048:
    case TokenAlgorithm::p256:
    case TokenAlgorithm::p384:
    case TokenAlgorithm::ed25519:
      return algorithm;
  }
  return std::nullopt;
}

std::optional<TokenKey> TokenKey::adopt(EVP_PKEY* key, TokenAlgorithm algorithm) {
  ERR_clear_error();
  if (key == nullptr) return std::nullopt;
  return TokenKey(Handle(key, &EVP_PKEY_free), algorithm);
}

std::optional<TokenKey> TokenKey::generate(TokenAlgorithm algorithm) {
  if (const auto* curve = curve_of(algorithm))
    return adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->name), algorithm);
  if (algorithm == TokenAlgorithm::ed25519)
    return adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), algorithm);
  return adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{8} * kRsaBytes), algorithm);
}

std::optional<TokenKey> TokenKey::from_secret(TokenAlgorithm algorithm, ByteView secret) {
  if (const auto* curve = curve_of(algorithm)) return adopt(ec_key(*curve, secret), algorithm);
  if (algorithm != TokenAlgorithm::ed25519) return std::nullopt;
  return adopt(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()),
      algorithm);
}

std::optional<TokenKey> TokenKey::from_pem(std::string_view pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  openssl::KeyHandle key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)
                             : nullptr);
  const auto algorithm = key ? algorithm_of(key.get()) : std::nullopt;
  if (!algorithm) return std::nullopt;
  return adopt(key.release(), *algorithm);
}

std::string TokenKey::pem() const {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) != 1)
    return {};
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Bytes TokenKey::spki() const {
  Bytes der(static_cast<std::size_t>(std::max(0, i2d_PUBKEY(key_.get(), nullptr))));
  auto* cursor = der.data();
  if (!der.empty()) i2d_PUBKEY(key_.get(), &cursor);
  return der;
}

Bytes TokenKey::public_fields() const {
  if (algorithm_ != TokenAlgorithm::rsa2048) return tlv(0x86, encoded_point(key_.get()));
  auto out = tlv(0x81, number(key_.get(), OSSL_PKEY_PARAM_RSA_N));
  put_tlv(out, 0x82, number(key_.get(), OSSL_PKEY_PARAM_RSA_E));
  return out;
}

Answer TokenKey::sign(ByteView input) const {
  const auto* curve = curve_of(algorithm_);
  if (curve && (input.empty() || input.size() > curve->size)) return refuse(Sw::wrong_data);
  Bytes out(kRsaBytes);
  auto size = out.size();
  bool signed_it = false;
  if (algorithm_ == TokenAlgorithm::ed25519) {
    const openssl::DigestContext context(EVP_MD_CTX_new());
    signed_it = context &&
                EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                EVP_DigestSign(context.get(), out.data(), &size, input.data(), input.size()) == 1;
  } else {
    const openssl::KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    signed_it = context && EVP_PKEY_sign_init(context.get()) == 1 &&
                (curve || EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1) &&
                EVP_PKEY_sign(context.get(), out.data(), &size, input.data(), input.size()) == 1;
  }
  ERR_clear_error();
  if (!signed_it) return refuse(Sw::wrong_data);
  out.resize(size);
  return out;
}

}  // namespace latchkey::emulator::piv
