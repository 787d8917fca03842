#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/api/backend.h"
#include "agent/app/fact_log.h"

namespace latchkey {

using NodeNames = std::map<std::string, std::string>;  ///< node id -> what people call it

/// The id itself for a stranger.
std::string name_of(const std::string& node, const NodeNames& names);

/// One line for people (SPEC REC-1).
std::string describe(const FactBody& body, const NodeNames& names);

/// Body of GET /v1/records: the facts, shown (DESIGN 1), newest arrival first.
nlohmann::json records_page(const FactLog& log, const RecordQuery& query, const NodeNames& names);

}  // namespace latchkey
