#pragma once

#include <string>

#include "core/deployment/fact.h"
#include "core/deployment/import_situation.h"

namespace latchkey {

/// A license with a base entry stays (SPEC LIC-2).
bool has_base(const LicenseDocument& document);

/// Which installed license may be deleted under this id (SPEC LIC-2); `by` is left empty. Errors:
/// `unknown-license`, `base-license`, `bound-to-key`.
Result<LicenseDeleted> deletable(const Decision& decision, const std::string& id,
                                 const FindLicense& find);

}  // namespace latchkey
