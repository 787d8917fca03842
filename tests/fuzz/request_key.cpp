#include "core/deployment/request_key.h"

#include <cstdlib>

#include "core/base/keys.h"
#include "core/license/envelope.h"

// Request keys: the bytes as they are, and as the payload that a deployment signed. What is
// accepted can be signed again and is the same.
namespace {

using namespace latchkey;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Fixed, so that a seed can name its public half.
const PrivateKey& deployment_key() {
  static const auto key = PrivateKey::from_pem(
                              "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
                              "-----END PRIVATE KEY-----\n")
                              .value();
  return key;
}

void try_file(ByteView text) {
  const auto request = verify_request_key(text);
  if (!request || request->deployment != deployment_id(deployment_key().public_key())) return;
  const auto again = make_request_key(*request, deployment_key());
  require(verify_request_key(as_bytes(again.value())).value() == *request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  try_file(bytes);
  if (const auto text = make_envelope(kRequestKeyType, as_text(bytes), {&deployment_key(), 1}))
    try_file(as_bytes(*text));
  return 0;
}
