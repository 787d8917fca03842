#include "core/license/envelope.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/json.h"

namespace latchkey {
namespace {

// {"payload", "payloadType", "signatures": [{"keyid", "sig"}]}
constexpr JsonLimits kLimits{kMaxEnvelopeSize, 3};
constexpr std::size_t kMaxName = 256;       // payloadType, keyid
constexpr std::size_t kMaxSignature = 256;  // base64; the longest we know is 72 bytes of DER

Bytes base64(JsonObject& object, std::string_view name, std::size_t max) {
  auto bytes = from_base64(object.text(name, max));
  if (!bytes) object.reject(name, "not base64");
  return bytes.value_or(Bytes{});
}

EnvelopeSignature read_signature(JsonObject& object) {
  EnvelopeSignature out;
  if (object.has("keyid")) out.keyid = object.text("keyid", kMaxName);
  out.sig = base64(object, "sig", kMaxSignature);
  return out;
}

}  // namespace

Bytes pre_authentication_encoding(std::string_view payload_type, ByteView payload) {
  const auto head = "DSSEv1 " + std::to_string(payload_type.size()) + " " +
                    std::string(payload_type) + " " + std::to_string(payload.size()) + " ";
  Bytes out(head.begin(), head.end());
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

Result<Envelope> parse_envelope(ByteView text) {
  LK_TRY(const auto json, parse_json(as_text(text), kLimits));
  Envelope out;
  JsonObject object(json);
  out.payload_type = object.text("payloadType", kMaxName);
  out.payload = base64(object, "payload", kMaxEnvelopeSize);
  object.objects("signatures", 1, kMaxSignatures, [&](JsonObject& signature) {
    out.signatures.push_back(read_signature(signature));
  });
  LK_CHECK(object.finish());
  return out;
}

std::string serialise(const Envelope& envelope) {
  auto signatures = nlohmann::json::array();
  for (const auto& signature : envelope.signatures)
    signatures.push_back({{"keyid", signature.keyid}, {"sig", to_base64(signature.sig)}});
  return nlohmann::json{{"payload", to_base64(envelope.payload)},
                        {"payloadType", envelope.payload_type},
                        {"signatures", std::move(signatures)}}
      .dump();
}

Result<void> sign(Envelope& envelope, const PrivateKey& key) {
  LK_TRY(auto sig, key.sign(pre_authentication_encoding(envelope.payload_type, envelope.payload)));
  envelope.signatures.push_back({key.public_key().fingerprint(), std::move(sig)});
  return {};
}

Result<std::string> make_envelope(std::string_view payload_type, std::string_view payload,
                                  std::span<const PrivateKey> keys) {
  const auto body = as_bytes(payload);
  Envelope envelope{std::string(payload_type), Bytes(body.begin(), body.end()), {}};
  for (const auto& key : keys) LK_CHECK(sign(envelope, key));
  return serialise(envelope);
}

std::vector<std::size_t> verified_by(const Envelope& envelope, std::span<const PublicKey> keys) {
  const auto message = pre_authentication_encoding(envelope.payload_type, envelope.payload);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool repeated =
        std::ranges::any_of(out, [&](auto seen) { return keys[seen] == keys[i]; });
    const auto verifies = [&](const auto& signature) {
      return keys[i].verify(message, signature.sig);
    };
    if (!repeated && std::ranges::any_of(envelope.signatures, verifies)) out.push_back(i);
  }
  return out;
}

}  // namespace latchkey
