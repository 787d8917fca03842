#include "core/usbkey/provision.h"

namespace latchkey {
namespace {

tl::unexpected<Error> no_key(const KeyError& error) {
  if (error.kind == KeyError::Kind::not_a_key)
    return fail("not-a-key", "There is no license key in it (" + error.detail + ").",
                "Insert a license key; a new token becomes one by `latchkey-vendor prepare`.");
  return fail("gone", "The key was pulled out.", "Insert the key again and repeat.");
}

tl::unexpected<Error> refusal(KeyFault fault, const std::string& detail) {
  return fail(std::string(to_string(fault)),
              std::string(message(fault)) + (detail.empty() ? "" : " (" + detail + ")"),
              std::string(cure(fault)));
}

tl::unexpected<Error> refusal(const KeyError& error) {
  if (error.kind == KeyError::Kind::refused)
    return fail("refused", "The key did not store the license (" + error.detail + ").",
                "Use a key with room for it; for a PIV token, give its management key.");
  const auto reading = failed_reading(error);
  return reading ? refusal(*reading->fault, error.detail) : no_key(error);
}

/// The ID that the key proved to have, whatever it carries now.
Result<std::string> proven_key_id(Key& key, const ReadContext& context) {
  const auto result = read_key(key, context);
  if (!result) return no_key(result.error());
  const auto& reading = result->reading;
  if (reading.key_id.empty())
    return refusal(reading.fault.value_or(KeyFault::unreadable), reading.detail);
  return reading.key_id;
}

}  // namespace

Result<KeyReading> provision(Key& key, ByteView envelope, const ReadContext& context) {
  LK_TRY(const auto license, context.trust.verify_license(envelope));
  LK_TRY(const auto id, proven_key_id(key, context));
  const auto* binding = std::get_if<KeyBinding>(&license.document.binding);
  if (binding == nullptr || binding->key_id != id)
    return fail("wrong-key-id", "The license is not bound to this key, " + id + ".",
                "Insert the key that the license was issued for, or issue one for this key.");
  if (const auto written = key.write_license(envelope, context.deadline()); !written)
    return refusal(written.error());
  const auto back = read_key(key, context);
  if (!back) return no_key(back.error());
  if (!back->reading.works()) return refusal(*back->reading.fault, back->reading.detail);
  if (back->reading.license->document != license.hash)
    return fail("readback-failed", "The key still delivers another license.",
                "Repeat; if it happens again, replace the key.");
  return back->reading;
}

}  // namespace latchkey
