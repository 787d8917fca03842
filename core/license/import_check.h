#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/license/catalog.h"
#include "core/license/trust_store.h"

namespace latchkey {

/// A key plugged into some node that proved itself, as an import sees it.
struct InsertedKey {
  std::string key_id;
  std::optional<LicenseSummary>
      current;                        ///< issued last of what it carries and what is kept for it
  std::vector<std::string> imported;  ///< content hashes that need no second import
};

struct ImportSituation {
  const TrustStore& trust;
  const Catalog& catalog;
  std::span<const InsertedKey> keys;  ///< on every node
  Time now;                           ///< license time
};

/// May this envelope be installed here and now (SPEC LIC-4)? Bytes are verified before they mean
/// anything; nothing is changed. Errors, the first that applies (SPEC LIC-5): `invalid-format`,
/// `untrusted-signer`, `revoked`, `wrong-environment` (bound to a deployment, or asks for more than
/// any key here can show), `key-not-inserted`, `wrong-key-id`, `expired` and `not-yet-valid` (of
/// all its entries), `unknown-object` (of any entry), `already-imported`, `older-than-current`.
Result<VerifiedLicense> check_import(ByteView envelope, const ImportSituation& situation);

}  // namespace latchkey
