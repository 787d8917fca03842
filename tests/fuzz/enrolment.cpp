#include <cstdlib>

#include "agent/identity/authority.h"
#include "core/access/enrolment_token.h"

// What a stranger shows at the door: a token, and a certificate request as it is and as the DER
// inside the PEM. A token that is taken is spelled in one way; a key that is taken can be named.
namespace {

using namespace latchkey;

void require(bool holds) {
  if (!holds) std::abort();
}

void try_request(std::string_view pem) {
  if (const auto key = key_of_request(pem)) require(PublicKey::from_der(key->der()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto text = as_text(bytes);
  if (const auto token = decode_enrolment_token(text)) {
    const auto again = decode_enrolment_token(encode_enrolment_token(*token));
    require(again && again->id == token->id && again->verifier() == token->verifier());
  }
  try_request(text);
  try_request("-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(bytes) +
              "\n-----END CERTIFICATE REQUEST-----\n");
  return 0;
}
