#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/app/records.h"
#include "agent/store/fact_store.h"
#include "core/base/result.h"

namespace latchkey {

/// Body of GET /v1/records/verify: every chain, of whichever node. Error: `chain-broken`, which
/// names every chain that is, its node, and the fact where it breaks; and every document that was
/// changed.
Result<nlohmann::json> verdict_on(const StoreReport& report, const NodeNames& names);

}  // namespace latchkey
