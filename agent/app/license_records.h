#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/app/license_json.h"

namespace latchkey {

/// How a license came.
struct LicenseArrival {
  std::uint64_t position = 0;  ///< of its fact
  Time at;
  std::string node;
  std::string document;
  std::string key_id;
  std::string by;
  std::string method;
  std::string batch;
};

/// What the facts tell of licenses: cheap to gather, and independent of the log from then on.
struct LicenseLedger {
  std::vector<LicenseArrival> arrivals;      ///< in order
  std::map<std::string, std::string> fates;  ///< by document: `deleted`, `revoked`
};
LicenseLedger license_ledger(const FactLog& log);

/// Body of GET /v1/records/licenses (SPEC REC-1): every entry of every license that was uploaded,
/// or first seen on a USB key, newest arrival first, with its status now. In the query `kind` is
/// `base` or `module` and `result` a status. A page ends after `limit` entries, with all entries of
/// the last license. `view` has the documents of the ledger as well. Long work: a search in 10,000
/// entries takes a good part of a second.
nlohmann::json license_records_page(const LicenseLedger& ledger, const LicenseView& view,
                                    const RecordQuery& query);

}  // namespace latchkey
