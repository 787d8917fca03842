#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace latchkey {

enum class KeyAlgorithm {
  ed25519,     ///< RFC 8032; 64-byte signatures
  ecdsa_p256,  ///< FIPS 186-5 with SHA-256; DER signatures
  ecdsa_p384,  ///< FIPS 186-5 with SHA-384; DER signatures
};
std::string_view to_string(KeyAlgorithm algorithm);  ///< `ed25519`, `ecdsa-p256`, `ecdsa-p384`
std::optional<KeyAlgorithm> parse_key_algorithm(std::string_view name);

/// A public key that was checked when it was made. Cheap to copy; safe to use from several threads
/// at once.
class PublicKey {
 public:
  /// SubjectPublicKeyInfo (RFC 5280 4.1.2.7), exactly the canonical 44 bytes (Ed25519, RFC 8410),
  /// 91 bytes (P-256, named curve, uncompressed) or 120 bytes (P-384): one key has one spelling, so
  /// it has one key ID. Error: `invalid-key`.
  static Result<PublicKey> from_der(ByteView spki);
  /// From the key's own bytes: 32 of Ed25519, or an uncompressed point, 04 and both coordinates.
  /// Error: `invalid-key`.
  static Result<PublicKey> from_raw(KeyAlgorithm algorithm, ByteView bytes);
  /// A `PUBLIC KEY` PEM block (RFC 7468 13) of such bytes. Error: `invalid-key`.
  static Result<PublicKey> from_pem(std::string_view pem);

  KeyAlgorithm algorithm() const { return algorithm_; }
  const Bytes& der() const { return der_; }
  std::string pem() const;
  /// Lower-case hex SHA-256 of der().
  std::string fingerprint() const;

  /// Ed25519 over `message`, or ECDSA over its hash, as KeyAlgorithm says.
  bool verify(ByteView message, ByteView signature) const;
  /// As a USB key signs it (core/ports.h): Ed25519 over `digest`, or ECDSA with `digest` (32
  /// bytes) as the hash.
  bool verify_digest(ByteView digest, ByteView signature) const;

  bool operator==(const PublicKey& other) const { return der_ == other.der_; }

 private:
  friend class PrivateKey;
  using Handle = std::shared_ptr<evp_pkey_st>;
  PublicKey(Handle key, KeyAlgorithm algorithm, Bytes der);

  Handle key_;
  KeyAlgorithm algorithm_;
  Bytes der_;
};

class PrivateKey {
 public:
  /// Error: `no-random` when the system's generator fails.
  static Result<PrivateKey> generate(KeyAlgorithm algorithm);
  /// PKCS#8 PEM, encrypted (RFC 5958 3) or plain; `passphrase` is ignored for a plain one.
  /// Errors: `invalid-key`, `wrong-passphrase`.
  static Result<PrivateKey> from_pem(std::string_view pem, std::string_view passphrase = {});

  /// A key that OpenSSL signs with wherever it is, e.g. in a hardware security module; `key` keeps
  /// alive what that takes. Error: `invalid-key`.
  static Result<PrivateKey> adopt(std::shared_ptr<evp_pkey_st> key);

  /// PKCS#8 PEM without protection: for a file that only its owner reads (the agent's identity).
  Result<std::string> plain_pem() const;
  /// PKCS#8 PEM under PBES2 (scrypt, AES-256-CBC). Errors: `empty-passphrase`, `crypto-failed`.
  Result<std::string> encrypted_pem(std::string_view passphrase) const;

  const PublicKey& public_key() const { return public_key_; }
  /// Counterparts of PublicKey::verify and verify_digest. Error: `crypto-failed`.
  Result<Bytes> sign(ByteView message) const;
  Result<Bytes> sign_digest(ByteView digest) const;
  /// 32 bytes that only holders of the key can know, others for every `label`: HKDF-SHA256 (RFC
  /// 5869) of an Ed25519 key's own 32 bytes, without salt. Error: `crypto-failed`.
  Result<Bytes> derive(std::string_view label) const;

 private:
  explicit PrivateKey(PublicKey public_key);

  PublicKey public_key_;  ///< its handle holds the private part too
};

}  // namespace latchkey
