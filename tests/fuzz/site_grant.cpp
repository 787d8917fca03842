#include "core/site/site_grant.h"

#include <cstdlib>

// Grants of an upstream: the bytes as they are, and as the payload that it signed. What is accepted
// can be signed again and is the same.
namespace {

using namespace latchkey;

const PrivateKey& upstream_key() {
  static const auto key = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (open_grant(as_text(bytes), upstream_key().public_key())) std::abort();
  const auto grant = parse_grant(bytes);
  if (!grant) return 0;
  const auto again = seal_grant(*grant, upstream_key());
  if (!again || open_grant(*again, upstream_key().public_key()).value() != *grant) std::abort();
  return 0;
}
