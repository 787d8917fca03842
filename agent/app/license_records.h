#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/app/records.h"
#include "core/deployment/import_situation.h"
#include "core/license/catalog.h"

namespace latchkey {

/// Body of GET /v1/records/licenses (SPEC REC-1): every entry of every license that was uploaded,
/// or first seen on a USB key, newest arrival first, with its status at `now`. In the query `kind`
/// is `base` or `module` and `result` a status. A page ends after `limit` entries, with all entries
/// of the last license.
nlohmann::json license_records_page(const FactLog& log, const RecordQuery& query,
                                    const Catalog& catalog, const FindLicense& find, Time now,
                                    const NodeNames& names);

}  // namespace latchkey
