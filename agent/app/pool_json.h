#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/pool/capacity.h"

namespace latchkey {

/// The figures of every pool, by object and unit, with the names that people know.
nlohmann::json pools_json(const Capacity& capacity, const Catalog& catalog);

/// Body of GET /v1/pools: the pools, and every entry with its status (SPEC LIC-9) and why it does
/// not count.
nlohmann::json pools_answer(const Entitlements& entitlements, const Capacity& capacity,
                            const Catalog& catalog);

}  // namespace latchkey
