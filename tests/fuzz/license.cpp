#include <cstdlib>

#include "tests/support/sample_vendor.h"

// Envelopes, license documents, trust bundles, time repairs and stamps, each also as if a trusted
// key had signed the bytes: what a signer vouches for is parsed as strictly as what nobody does.
// What is accepted reads back the same.
namespace {

using namespace latchkey;

void require(bool holds) {
  if (!holds) std::abort();
}

void try_envelope(ByteView text) {
  static const test::SampleVendor vendor{};
  static auto trust = vendor.trust();
  const auto envelope = parse_envelope(text);
  if (envelope) require(parse_envelope(as_bytes(serialise(*envelope))) == *envelope);
  // Nobody can have made a signature of these keys, which are new in each run.
  require(!trust.verify_license(text));
  require(!trust.accept(text));
  require(!trust.verify_time_repair(text));
}

void try_payloads(ByteView text) {
  if (const auto license = parse_license(text))
    require(parse_license(as_bytes(serialise(*license))) == *license);
  if (const auto bundle = parse_trust_bundle(text)) {
    const auto again = serialise(*bundle);
    require(serialise(parse_trust_bundle(as_bytes(again)).value()) == again);
  }
  if (const auto repair = parse_time_repair(text))
    require(parse_time_repair(as_bytes(serialise(*repair))) == *repair);
  if (const auto issuer = parse_issuer(text))
    require(parse_issuer(as_bytes(serialise(*issuer))).has_value());
}

void try_small_texts(ByteView text) {
  if (const auto id = parse_key_id(as_text(text))) require(parse_key_id(*id) == *id);
  if (const auto key = PublicKey::from_der(text)) require(PublicKey::from_pem(key->pem()) == *key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView text(data, size);
  try_envelope(text);
  try_payloads(text);
  try_small_texts(text);
  return 0;
}
