#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/deployment_id.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/usbkey/reading.h"

namespace latchkey {

inline constexpr std::string_view kLicenseType = "application/vnd.latchkey.license.v1+json";

/// SPEC LIC-1.
enum class EntryKind { base, module };
std::string_view to_string(EntryKind kind);  ///< `base`, `module`
std::optional<EntryKind> parse_entry_kind(std::string_view name);

/// What must be known of a USB key before a license counts from it, weakest first.
enum class KeyAssurance {
  possession,  ///< it signed a fresh challenge; nothing is known of where its private key lives
  attested,    ///< and a certificate of its maker says that the private key cannot leave it
};
std::string_view to_string(KeyAssurance assurance);  ///< `possession`, `attested`
std::optional<KeyAssurance> parse_key_assurance(std::string_view name);

struct LicenseEntry {
  std::string object;  ///< license object, e.g. `kvm`
  std::string unit;    ///< metering unit, e.g. `cpu-socket`
  std::uint64_t quantity = 0;
  EntryKind kind = EntryKind::base;
  ValidityWindow validity;
  /// A term only ever grants more, so that an agent that does not know it is merely stricter.
  std::map<std::string, std::string> terms;
  bool operator==(const LicenseEntry&) const = default;
};

struct KeyBinding {
  std::string key_id;  ///< canonical spelling
  bool operator==(const KeyBinding&) const = default;
};

/// SPEC REQ-2: salted hashes of what identifies one node's machine.
struct NodeFingerprint {
  std::string node;
  std::map<std::string, std::string>
      factors;  ///< factor name -> salted hash as the request key had it
  bool operator==(const NodeFingerprint&) const = default;
};

struct DeploymentBinding {
  DeploymentId deployment;
  std::vector<NodeFingerprint> nodes;
  std::uint64_t required = 0;  ///< k: how many factors of a node must still match
  bool operator==(const DeploymentBinding&) const = default;
};

using Binding = std::variant<KeyBinding, DeploymentBinding>;

/// One signed statement: who may use what, how much, how long, bound to one key or one deployment
/// (DESIGN 3).
struct LicenseDocument {
  std::string id;            ///< chosen by the vendor; unique; what a revocation names
  std::uint64_t serial = 0;  ///< counts an issuer's documents
  Time issued;
  std::string issuer;  ///< the name of the issuing key in the trust bundle
  std::string customer;
  Binding binding;
  std::vector<LicenseEntry> entries;  ///< 1 to kMaxEntries
  KeyAssurance minimum_assurance = KeyAssurance::possession;
  std::vector<std::string> supersedes;  ///< ids of documents that this one replaces
  bool operator==(const LicenseDocument&) const = default;
};

inline constexpr std::size_t kMaxEntries = 256;

/// The payload of a verified envelope. Strict: unknown members, empty validities and key IDs that
/// are not spelled canonically are refused. Error: `invalid-format`.
Result<LicenseDocument> parse_license(ByteView payload);
/// Canonical JSON (sorted members, no white space), as it is signed.
std::string serialise(const LicenseDocument& document);

/// What the key state needs of it; `hash` is the content hash of its envelope.
LicenseSummary summarise(const LicenseDocument& document, std::string hash);

}  // namespace latchkey
