#pragma once

#include <string>

#include "core/license/document.h"
#include "core/license/trust_bundle.h"

namespace latchkey::vendor {

/// The one way from what was asked for to what is signed. `draft` is a document without issuer; an
/// empty id becomes a random one, serial 0 the issue time in seconds. What every agent would refuse
/// is refused here, where it can still be mended. Errors: `invalid-format`, `issuer-not-valid`,
/// `no-random`.
Result<LicenseDocument> compose(LicenseDocument draft, const Issuer& issuer);

}  // namespace latchkey::vendor
