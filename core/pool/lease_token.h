#pragma once

#include <string>
#include <string_view>

#include "core/base/deployment_id.h"
#include "core/base/hmac.h"
#include "core/pool/lease_ledger.h"

namespace latchkey {

/// What the deployment's key is asked for (PrivateKey::derive): both nodes have it.
inline constexpr std::string_view kLeaseSeal = "latchkey/lease/v1";

/// A lease as its consumer keeps it: text that says what was granted and that a node of the
/// deployment granted it (SPEC SRV-4, docs/decisions/0013). Only a node can check it; it is no
/// secret of others, but whoever has it and is the lease's owner may bring the lease back.
class LeaseSeal {
 public:
  /// `secret` as derived for kLeaseSeal.
  LeaseSeal(ByteView secret, const DeploymentId& deployment);

  /// Base64url of: format (1 byte), deployment (8), the lease as read_leases() takes it,
  /// HMAC-SHA256 of all before (32). Empty when OpenSSL fails.
  std::string seal(const LeaseLedger& ledger, LeaseLedger::Slot slot);
  /// Hostile input. Error: `token-invalid`.
  Result<Lease> open(std::string_view token);

  static constexpr std::size_t kMaxToken = 8192;  ///< characters

 private:
  HmacSha256 hmac_;
  Bytes head_;
  Bytes message_;
};

}  // namespace latchkey
