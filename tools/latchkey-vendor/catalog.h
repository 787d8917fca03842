#pragma once

#include <span>

#include "core/license/document.h"
#include "tools/latchkey-vendor/session.h"

namespace latchkey::vendor {

/// Warns, once for each thing, of what no agent with the catalogue of the session would install
/// (SPEC LIC-5 `unknown-object`): the customer's may be another one. Errors: `cannot-read`,
/// `invalid-catalog`.
Result<void> warn_of_unknown(std::span<const LicenseDocument> documents, Session& session);

}  // namespace latchkey::vendor
