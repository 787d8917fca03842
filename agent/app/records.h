#pragma once

#include <map>
#include <string>

#include "agent/api/backend.h"
#include "agent/app/fact_log.h"

namespace latchkey {

using NodeNames = std::map<std::string, std::string>;  ///< node id -> what people call it

/// The id itself for a stranger.
std::string name_of(const std::string& node, const NodeNames& names);

/// One line for people (SPEC REC-1).
std::string describe(const FactBody& body, const NodeNames& names);

}  // namespace latchkey
