#pragma once

#include <string>

#include "core/base/keys.h"

namespace latchkey {

/// The name of a deployment: lower-case hex SHA-256 of its Ed25519 key's SubjectPublicKeyInfo (64
/// characters).
using DeploymentId = std::string;

inline DeploymentId deployment_id(const PublicKey& deployment_key) {
  return deployment_key.fingerprint();
}

}  // namespace latchkey
