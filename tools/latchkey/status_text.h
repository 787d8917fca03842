#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/latchkey/style.h"

namespace latchkey::cli {

/// The body of GET /v1/status for a person at 3 a.m.: state, reason, cure, countdown, both nodes.
/// Counts down from the status's own time, which is the agent's license time.
std::string status_text(const nlohmann::json& status, const Style& style);

/// The lines on the keys alone.
std::string keys_text(const nlohmann::json& status, const Style& style);

/// The nodes of the deployment and how this one reaches them.
std::string nodes_text(const nlohmann::json& status, const Style& style);

/// SPEC BUF-9 in one sentence.
std::string forecast_text(const nlohmann::json& status);

/// What `watch` says after the time; equal texts mean that nothing worth a line has changed.
std::string change_text(const nlohmann::json& status, const Style& style);

/// One line for `watch`.
std::string status_line(const nlohmann::json& status, const Style& style);

/// The exit code of `latchkey status`.
int status_exit_code(const nlohmann::json& status);

}  // namespace latchkey::cli
