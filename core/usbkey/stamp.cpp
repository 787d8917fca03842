#include "core/usbkey/stamp.h"

#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/license/envelope.h"

namespace latchkey {
namespace {

constexpr JsonLimits kLimits{512, 1};

}  // namespace

Result<Bytes> make_stamp(const RemovalStamp& stamp, std::string_view key_id,
                         const PrivateKey& deployment_key) {
  const nlohmann::json payload{{"key_id", key_id},
                               {"deployment", deployment_id(deployment_key.public_key())},
                               {"removed_at", format_time(stamp.removed_at)},
                               {"buffer_until", format_time(stamp.buffer_until)}};
  LK_TRY(const auto text, make_envelope(kStampType, payload.dump(), {&deployment_key, 1}));
  return Bytes(text.begin(), text.end());
}

Result<RemovalStamp> verify_stamp(ByteView bytes, std::string_view key_id,
                                  const PublicKey& deployment_key) {
  if (bytes.size() > kMaxStampSize) return fail("invalid-format", "Too large for a stamp.");
  LK_TRY(const auto envelope, parse_envelope(bytes));
  if (envelope.payload_type != kStampType) return fail("invalid-format", "Not a stamp.");
  if (verified_by(envelope, {&deployment_key, 1}).empty())
    return fail("untrusted-signer", "The stamp is not of this deployment.");
  LK_TRY(const auto value, parse_json(as_text(envelope.payload), kLimits));
  JsonObject object(value);
  const auto stamped_key = object.text("key_id", 64);
  const auto deployment = object.hex("deployment", 32);
  const RemovalStamp out{object.time("removed_at"), object.time("buffer_until")};
  LK_CHECK(object.finish());
  if (deployment != deployment_id(deployment_key))
    return fail("untrusted-signer", "The stamp names another deployment.");
  if (stamped_key != key_id) return fail("wrong-key-id", "The stamp is of another key.");
  return out;
}

}  // namespace latchkey
