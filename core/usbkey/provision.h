#pragma once

#include "core/base/result.h"
#include "core/usbkey/read_key.h"

namespace latchkey {

/// Puts a license on the key it was issued for: verifies the license, has the key prove itself,
/// writes, and reads back all as the agent would. Until the last step has succeeded the key keeps
/// its old license (core/ports.h). Errors: those of TrustStore::verify_license, `wrong-key-id`, the
/// names of SPEC KEY-3, `gone`, `not-a-key`, `refused` (the key cannot store it),
/// `readback-failed`.
Result<KeyReading> provision(Key& key, ByteView envelope, const ReadContext& context);

}  // namespace latchkey
