#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/deployment_id.h"
#include "core/base/sha256.h"

namespace latchkey {

// What tells one machine from another (SPEC REQ-2). Factors leave a machine only salted. MAC
// addresses are none: a network card is replaced without a license noticing.
inline constexpr std::string_view kMachineIdFactor = "machine-id";
inline constexpr std::string_view kDmiUuidFactor = "dmi-uuid";
inline constexpr std::string_view kBoardSerialFactor = "board-serial";
inline constexpr std::string_view kTpmFactor = "tpm-ek";
inline constexpr std::size_t kMaxFactors = 16;
inline constexpr std::size_t kMaxFactorName = 64;

/// Factor name -> salted hash, 64 lower-case hex digits.
using Factors = std::map<std::string, std::string>;

/// What one node tells of its machine.
struct NodeFactors {
  DeploymentId deployment;  ///< whose salt was used
  Factors factors;
  /// Factors that the machine has and the agent's user may not read.
  std::vector<std::string> unreadable;
  bool operator==(const NodeFactors&) const = default;
};

/// The deployment's salt: SHA-256 of its key's signature of a constant, which Ed25519 makes the
/// same each time (RFC 8032 5.1.6). Both nodes know it and nobody else, so a vendor who has the
/// hashes cannot try serial numbers on them, nor tell that one machine serves two deployments.
/// Error: `crypto-failed`.
Result<Digest> factor_salt(const PrivateKey& deployment_key);

/// SHA-256("latchkey/factor/v1" 0 ‖ salt ‖ name 0 ‖ value) in hex.
std::string salted_factor(const Digest& salt, std::string_view name, std::string_view value);

/// How a machine compares with the one that was described; names ascending.
struct FingerprintMatch {
  std::vector<std::string> matching;
  std::vector<std::string> moved;    ///< there, with another value
  std::vector<std::string> missing;  ///< not there any more, or not readable
};

/// Factors that only `present` has mean nothing: what was not known then cannot have moved.
FingerprintMatch match_fingerprint(const Factors& described, const Factors& present);

/// k of n: `required` of the factors described still match. Never with none required.
bool is_same_machine(const FingerprintMatch& match, std::size_t required);

}  // namespace latchkey
