#pragma once

#include <string>
#include <string_view>

#include "tools/latchkey/bundle/bundle.h"

namespace latchkey::cli {

/// A line of the agent's log (`event=NAME name=value …`) with the fields that are listed in
/// journal.cpp; the value of any other is `(left out)`. Empty for a line of another form.
std::string told_event(std::string_view line);

/// What `journalctl --output=json` printed, a line each: the agent's events, and what systemd says
/// of its unit. `dropped` counts the others.
std::string told_journal(const std::string& json_lines, std::size_t& dropped);

/// Adds `journal.txt` and `service.txt`, where there are journalctl and systemctl.
void add_journal(Bundle& bundle);

}  // namespace latchkey::cli
