#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/keys.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/usbkey/reading.h"

namespace latchkey {

inline constexpr std::string_view kTrustType = "application/vnd.latchkey.trust.v1+json";

/// One issuing key (SPEC SEC-5).
struct Issuer {
  std::string name;  ///< unique within a bundle; a license document names it
  PublicKey key;
  /// `license` (every license object), `license:OBJECT`, `time`.
  std::vector<std::string> scopes;
  ValidityWindow validity;  ///< when it may issue; a document is judged by its issue time
  bool may_license(std::string_view object) const;
  bool may_repair_time() const;
};
/// As a bundle has it, alone: what `latchkey-vendor issuer create` hands to `trust sign`. Error:
/// `invalid-format`.
Result<Issuer> parse_issuer(ByteView text);
std::string serialise(const Issuer& issuer);

/// Whether `scope` is one that this version knows.
bool is_scope(std::string_view scope);

/// Who signs trust bundles.
struct RootSet {
  std::vector<PublicKey> keys;
  std::size_t threshold = 1;  ///< how many distinct keys must sign
};

struct Revocations {
  std::vector<std::string> issuers;   ///< fingerprints of issuing keys
  std::vector<std::string> licenses;  ///< license ids
  std::vector<std::string> key_ids;   ///< canonical spelling
};

struct TrustBundle {
  std::uint64_t version = 0;  ///< from 1; never goes back
  Time issued;
  std::vector<Issuer> issuers;
  Revocations revoked;
  std::optional<RootSet> roots;  ///< who signs the bundles after this one, when that changes
};

/// The payload of a verified envelope. Error: `invalid-format`.
Result<TrustBundle> parse_trust_bundle(ByteView payload);
std::string serialise(const TrustBundle& bundle);

}  // namespace latchkey
