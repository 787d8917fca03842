#pragma once

#include <string>

#include "tools/latchkey/bundle/bundle.h"

namespace latchkey::net {
class ApiClient;
}

namespace latchkey::cli {

/// What the agent says of itself, route by route, of each only the members that are listed in
/// agent_answers.cpp. What it does not answer, or not to this caller, is noted.
void add_agent_answers(const net::ApiClient& client, Bundle& bundle);

/// The samples of Prometheus' text format whose names are the agent's own; no other line.
std::string own_metrics(const std::string& page);

}  // namespace latchkey::cli
