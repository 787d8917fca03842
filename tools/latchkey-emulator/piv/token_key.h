#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tools/latchkey-emulator/piv/apdu.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace latchkey::emulator::piv {

/// As P1 of GENERAL AUTHENTICATE names them: NIST SP 800-78-4 table 6-2; Ed25519 is Yubico's.
enum class TokenAlgorithm : std::uint8_t {
  rsa2048 = 0x07,
  p256 = 0x11,
  p384 = 0x14,
  ed25519 = 0xE0,
};
std::optional<TokenAlgorithm> parse_token_algorithm(std::uint8_t value);

/// A private key in a slot of the token. Cheap to copy.
class TokenKey {
 public:
  static std::optional<TokenKey> generate(TokenAlgorithm algorithm);
  /// The scalar (P-256, P-384) or seed (Ed25519) of an imported key; RSA cannot be imported.
  static std::optional<TokenKey> from_secret(TokenAlgorithm algorithm, ByteView secret);
  /// A plain PKCS#8 PEM of any of the algorithms.
  static std::optional<TokenKey> from_pem(std::string_view pem);

  TokenAlgorithm algorithm() const { return algorithm_; }
  std::string pem() const;
  /// SubjectPublicKeyInfo, DER.
  Bytes spki() const;
  /// What stands in the template 7F49 of GENERATE (SP 800-73-4 part 2, table 11).
  Bytes public_fields() const;
  /// RSA: the padded block of 256 bytes; ECDSA: a digest no longer than the curve's order, a DER
  /// signature; Ed25519: the whole message. Else `wrong_data`.
  Answer sign(ByteView input) const;

 private:
  using Handle = std::shared_ptr<evp_pkey_st>;
  TokenKey(Handle key, TokenAlgorithm algorithm) : key_(std::move(key)), algorithm_(algorithm) {}
  static std::optional<TokenKey> adopt(evp_pkey_st* key, TokenAlgorithm algorithm);

  Handle key_;
  TokenAlgorithm algorithm_;
};

}  // namespace latchkey::emulator::piv
