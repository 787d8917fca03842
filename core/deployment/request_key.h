#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/deployment/fingerprint.h"

namespace latchkey {

inline constexpr std::string_view kRequestKeyType = "application/vnd.latchkey.request-key.v1+json";

struct RequestKeyNode {
  std::string node;  ///< id
  std::string name;  ///< as people know it
  Factors factors;   ///< empty: not known yet, so a license for this request key cannot cover it
  std::vector<std::string> unreadable;  ///< as NodeFactors::unreadable
  bool covered() const { return !factors.empty(); }
  bool operator==(const RequestKeyNode&) const = default;
};

/// What a person sends when ordering a file license: the deployment with all its nodes, those that
/// it cannot cover included (SPEC REQ-1).
struct RequestKey {
  DeploymentId deployment;
  std::string version;  ///< of the product
  Time created;         ///< license time
  std::vector<RequestKeyNode> nodes;
  bool operator==(const RequestKey&) const = default;
};

/// The envelope as text, signed by the deployment's key, whose public half travels in the payload.
/// Refuses what verify_request_key() would. Errors: `invalid-format`, `crypto-failed`.
Result<std::string> make_request_key(const RequestKey& request, const PrivateKey& deployment_key);

/// Hostile input: bounded and strict. It vouches for itself: the signature verifies under the key
/// inside, and that key's hash is the deployment id, so nobody can ask in another deployment's
/// name. The payload is read before the signature is checked, because the key is in it; nothing of
/// it is returned unless both hold. Errors: `invalid-format`, `signature-invalid`.
Result<RequestKey> verify_request_key(ByteView envelope);

}  // namespace latchkey
