#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/app/records.h"
#include "agent/store/fact_store.h"
#include "core/base/result.h"

namespace latchkey {

/// Body of GET /v1/records/verify: every chain, of whichever node, and the journal of leases.
/// Errors: `chain-broken`, which names every chain that is, its node, and the fact where it breaks,
/// every document that was changed, and rows of the journal; `leases-damaged`: only such rows.
Result<nlohmann::json> verdict_on(const StoreReport& report, const NodeNames& names);

}  // namespace latchkey
