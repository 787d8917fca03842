#include "agent/peer/proof.h"

#include <new>
#include <nlohmann/json.hpp>

#include "core/base/hmac.h"
#include "core/base/json.h"
#include "core/base/random.h"
#include "core/base/text.h"

namespace latchkey::peer {
namespace {

using nlohmann::json;

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTokenLimit = 2048;
constexpr std::size_t kAddressLimit = 256;
constexpr std::size_t kIdBytes = 16;

Digest hmac(ByteView secret, std::string_view text) {
  Digest mac;
  if (!HmacSha256(secret).mac(as_bytes(text), mac)) throw std::bad_alloc();
  return mac;
}

std::string proof(std::string_view label, ByteView secret, const Transcript& t) {
  std::string text(label);
  for (const auto* part :
       {&t.inviter_pin, &t.joiner_pin, &t.inviter_nonce, &t.joiner_nonce, &t.joiner_node})
    text += '\n' + *part;
  return to_hex(hmac(secret, text));
}

tl::unexpected<Error> invalid() {
  return fail("token-invalid", "This is not an invitation token.",
              "Copy the whole token that `latchkey peer invite` printed on the other node.");
}

}  // namespace

std::string encode_token(const Token& token) {
  const json object = {{"v", 1},
                       {"address", token.address},
                       {"pin", token.pin},
                       {"secret", to_hex(token.secret)},
                       {"expires", format_time(token.expires)},
                       {"deployment", token.deployment}};
  return to_base64url(as_bytes(object.dump(-1, ' ', true, json::error_handler_t::replace)));
}

Result<Token> decode_token(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text.size() > kTokenLimit) return invalid();
  const auto bytes = from_base64url(text);
  if (!bytes) return invalid();
  const auto parsed = parse_json(as_text(*bytes), {kTokenLimit, 1});
  if (!parsed) return invalid();
  JsonObject object(*parsed);
  object.number("v", 1, 1);
  Token token;
  token.address = object.text("address", kAddressLimit);
  token.pin = object.hex("pin", sizeof(Digest));
  token.secret = from_hex(object.hex("secret", kSecretBytes)).value_or(Bytes());
  token.expires = object.time("expires");
  token.deployment = object.hex("deployment", sizeof(Digest));
  if (!object.finish()) return invalid();
  return token;
}

std::string invitation_id(ByteView secret) {
  const auto mac = hmac(secret, "latchkey/peer/invitation/v1");
  return to_hex(ByteView(mac).first(kIdBytes));
}

std::string joiner_proof(ByteView secret, const Transcript& transcript) {
  return proof("latchkey/peer/join/v1", secret, transcript);
}

std::string inviter_proof(ByteView secret, const Transcript& transcript) {
  return proof("latchkey/peer/invite/v1", secret, transcript);
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  if (!system_random(bytes)) throw std::bad_alloc();
  return bytes;
}

}  // namespace latchkey::peer
