#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/pool/entitlement.h"

namespace latchkey {

/// A document with what holds for all its entries, before their own validity is looked at.
struct Claim {
  std::shared_ptr<const StoredLicense> license;
  LicenseSource source = LicenseSource::file;
  std::optional<Time> until;                  ///< the buffer's end
  std::optional<EntryStatus> idle;            ///< why none of its entries counts, whatever the time
  std::optional<EnvironmentFit> environment;  ///< of a file license
  std::string superseded_by;                  ///< with EntryStatus::superseded: by which id

  const LicenseDocument& document() const { return license->document; }
};

/// The documents that are known here, each once, in the order of Entitlements::documents. Which of
/// them replaces another is decided here alone.
std::vector<Claim> claims(const Decision& decision, const EntitleContext& context);

}  // namespace latchkey
