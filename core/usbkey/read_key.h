#pragma once

#include <functional>
#include <optional>

#include "core/base/keys.h"
#include "core/base/random.h"
#include "core/license/trust_store.h"
#include "core/ports.h"
#include "core/usbkey/reading.h"

namespace latchkey {

/// What a reading needs besides the key. The references must outlive it.
struct ReadContext {
  const TrustStore& trust;
  const PublicKey& deployment_key;  ///< names the deployment in the challenge and verifies stamps
  FillRandom random;
  std::function<Deadline()> deadline;  ///< of the next driver call; asked before each
  KeyAssurance assurance = KeyAssurance::possession;  ///< what the driver knows of this key
};

struct ReadResult {
  KeyReading reading;
  Bytes envelope;  ///< of reading.license; empty when the key does not work
};

/// One full reading, blocking, for the key's own worker thread. Nothing that the key says counts,
/// not even its name, before it signed a fresh challenge (SPEC SEC-4); then license, binding and
/// stamp are judged, and every KEY-3 reason is told apart. Errors: `gone` (pulled meanwhile) and
/// `not_a_key` only, which are no readings.
KeyResult<ReadResult> read_key(Key& key, const ReadContext& context);

/// The reading of a key that could not even be opened; nothing for `gone` and `not_a_key`.
std::optional<KeyReading> failed_reading(const KeyError& error);

}  // namespace latchkey
