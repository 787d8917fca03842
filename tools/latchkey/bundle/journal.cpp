#include "tools/latchkey/bundle/journal.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/time.h"
#include "tools/latchkey/bundle/command.h"
#include "tools/latchkey/json_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;
using std::string_view_literals::operator""sv;

constexpr std::size_t kMost = 32 * 1024 * 1024;
constexpr const char* kUnit = "latchkey-agent.service";

// The fields of the agent's log lines. A field that is not here stays out until somebody has judged
// it.
constexpr std::array kFields = {
    "account"sv,  "address"sv,   "batch"sv,      "by"sv,      "chain"sv,  "code"sv,
    "common"sv,   "cure"sv,      "deployment"sv, "detail"sv,  "device"sv, "device_ms"sv,
    "document"sv, "documents"sv, "driver"sv,     "epoch"sv,   "from"sv,   "here"sv,
    "id"sv,       "identity"sv,  "key"sv,        "missing"sv, "moved"sv,  "name"sv,
    "node"sv,     "of"sv,        "own"sv,        "own_ms"sv,  "path"sv,   "pin"sv,
    "port"sv,     "problem"sv,   "reason"sv,     "revoked"sv, "role"sv,   "server"sv,
    "severity"sv, "since"sv,     "socket"sv,     "state"sv,   "text"sv,   "time"sv,
    "to"sv,       "until"sv,     "usable"sv,     "version"sv, "what"sv};
constexpr const char* kProperties =
    "ActiveState,SubState,Result,ExecMainStatus,ExecMainStartTimestamp,NRestarts,UnitFileState,"
    "MemoryCurrent,TasksCurrent,CPUUsageNSec,FragmentPath,DropInPaths";

bool is_name(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

/// Takes `name=value` from the front, the value with its quotes (agent/telemetry/log.h); nothing
/// when there is none.
struct Field {
  std::string_view name, value;
};
std::optional<Field> take_field(std::string_view& line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || !is_name(line.substr(0, equals))) return std::nullopt;
  const auto begin = equals + 1;
  auto end = begin;
  if (line.substr(begin).starts_with('"')) {
    for (++end; end < line.size() && line[end] != '"'; ++end) end += line[end] == '\\' ? 1 : 0;
    if (end >= line.size()) return std::nullopt;
    ++end;
  } else {
    end = std::min(line.find(' ', begin), line.size());
  }
  if (end < line.size() && line[end] != ' ') return std::nullopt;
  const Field field{line.substr(0, equals), line.substr(begin, end - begin)};
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

std::string when_of(const json& entry) {
  const auto microseconds = std::strtoll(text(entry, "__REALTIME_TIMESTAMP").c_str(), nullptr, 10);
  return format_time(Time(Duration(microseconds / 1000)));
}

/// Empty for what is not told.
std::string told_line(const json& entry) {
  const auto who = text(entry, "SYSLOG_IDENTIFIER");
  const auto message = text(entry, "MESSAGE");
  const auto told = who == "latchkey-agent" ? told_event(message) : who == "systemd" ? message : "";
  if (told.empty()) return {};
  return when_of(entry) + " <" + text(entry, "PRIORITY") + "> " + who + ": " + told + "\n";
}

}  // namespace

std::string told_event(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const auto field = take_field(line);
    if (!field || (out.empty() && (field->name != "event" || !is_name(field->value)))) return {};
    const bool told = out.empty() || std::ranges::find(kFields, field->name) != kFields.end();
    out.append(out.empty() ? "" : " ").append(field->name).append("=");
    out.append(told ? field->value : "(left out)"sv);
  }
  return out;
}

std::string told_journal(const std::string& json_lines, std::size_t& dropped) {
  std::istringstream lines(json_lines);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const auto told = told_line(json::parse(line, nullptr, false));
    dropped += told.empty() ? 1 : 0;
    out += told;
  }
  return out;
}

void add_journal(Bundle& bundle) {
  if (const auto properties =
          output_of({"systemctl", "show", kUnit, std::string("--property=") + kProperties}, kMost))
    bundle.add("service.txt", "what systemd says of the agent", *properties);
  else
    bundle.note("service.txt: " + properties.error().message);
  const auto journal =
      output_of({"journalctl", std::string("--unit=") + kUnit, "--lines=5000", "--output=json",
                 "--no-pager", "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER"},
                kMost);
  if (!journal) return bundle.note("journal.txt: " + journal.error().message);
  std::size_t dropped = 0;
  const auto told = told_journal(*journal, dropped);
  if (told.empty())
    bundle.note(
        "journal.txt: nothing of the agent may be read; root and the group "
        "systemd-journal may");
  else
    bundle.add("journal.txt", "the last 5,000 lines of the agent's log", told);
  if (dropped > 0) bundle.note("journal.txt: " + std::to_string(dropped) + " lines of other kinds");
}

}  // namespace latchkey::cli
