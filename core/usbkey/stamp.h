#pragma once

#include <string_view>

#include "core/base/bytes.h"
#include "core/base/deployment_id.h"
#include "core/base/keys.h"
#include "core/base/result.h"
#include "core/usbkey/reading.h"

namespace latchkey {

inline constexpr std::string_view kStampType = "application/vnd.latchkey.stamp.v1+json";
/// What every key that stores stamps has room for.
inline constexpr std::size_t kMaxStampSize = 1024;

/// The removal-history anchor as a key carries it (SPEC BUF-10): a DSSE envelope that names the key
/// and the deployment, signed with the deployment's key, so that neither another key's nor another
/// deployment's history is taken for this one. At most kMaxStampSize bytes. Error: `crypto-failed`.
Result<Bytes> make_stamp(const RemovalStamp& stamp, std::string_view key_id,
                         const PrivateKey& deployment_key);

/// Errors: `invalid-format`, `untrusted-signer` (not this deployment's), `wrong-key-id`.
Result<RemovalStamp> verify_stamp(ByteView envelope, std::string_view key_id,
                                  const PublicKey& deployment_key);

}  // namespace latchkey
