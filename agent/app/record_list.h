#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "agent/app/records.h"
#include "core/deployment/changes.h"

namespace latchkey {

/// Body of GET /v1/records: the facts, shown (DESIGN 1), newest arrival first; in front of each
/// what follows from it (`derived`). A page ends after `limit` records, with all that follows from
/// the last one, or when it has looked at as many facts as one request may.
nlohmann::json records_page(const FactLog& log, std::span<const Change> changes,
                            const RecordQuery& query, const NodeNames& names);

}  // namespace latchkey
