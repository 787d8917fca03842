#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/keys.h"
#include "core/base/result.h"

namespace latchkey {

// DSSE v1 (github.com/secure-systems-lab/dsse, protocol.md and envelope.md). The payload means
// nothing until verified_by() named enough keys that the caller trusts.

inline constexpr std::size_t kMaxEnvelopeSize = 256 * 1024;
inline constexpr std::size_t kMaxSignatures = 16;

struct EnvelopeSignature {
  std::string keyid;  ///< a hint for people, signed by nobody; decides nothing
  Bytes sig;
  bool operator==(const EnvelopeSignature&) const = default;
};

struct Envelope {
  std::string payload_type;
  Bytes payload;
  std::vector<EnvelopeSignature> signatures;
  bool operator==(const Envelope&) const = default;
};

/// What is signed: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body.
Bytes pre_authentication_encoding(std::string_view payload_type, ByteView payload);

/// Bounded before it is parsed; base64 and members strict. Error: `invalid-format`.
Result<Envelope> parse_envelope(ByteView text);
std::string serialise(const Envelope& envelope);

/// Adds one signature; the keyid is the key's fingerprint. Error: `crypto-failed`.
Result<void> sign(Envelope& envelope, const PrivateKey& key);
/// One envelope with one signature of each key, as text. Error: `crypto-failed`.
Result<std::string> make_envelope(std::string_view payload_type, std::string_view payload,
                                  std::span<const PrivateKey> keys);

/// Positions in `keys` of the distinct keys under which some signature verifies, ascending. The
/// algorithm comes from each key, never from the envelope.
std::vector<std::size_t> verified_by(const Envelope& envelope, std::span<const PublicKey> keys);

}  // namespace latchkey
