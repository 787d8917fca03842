#include "tools/latchkey/status_text.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/latchkey/alert_text.h"
#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/pool_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kLabelWidth = 10;
constexpr Duration kToldSkew = std::chrono::minutes(2);

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// `State     Missing (removed)`; nothing when there is nothing to say.
std::string line(const std::string& label, const std::string& value) {
  return value.empty() ? "" : padded(label, kLabelWidth) + value + "\n";
}

std::string coloured_state(const json& status, const Style& style) {
  const auto state = text(status, "state");
  const std::string shown =
      text(status, "reason").empty() ? state : state + " (" + text(status, "reason") + ")";
  if (!flag(status, "usable")) return style.bad(shown);
  return state == "Ready" ? style.good(shown) : style.warn(shown);
}

std::string license_text(const json& status, const Style& style) {
  const auto& license = member(status, "license");
  const auto& buffer = member(status, "buffer");
  const bool usable = flag(status, "usable");
  if (license.is_object()) {
    const auto until = countdown(text(license, "entries_until"), text(status, "time"));
    const bool over = !until.starts_with("in ");
    return text(license, "id") + ", " +
           (usable ? "" : style.bad(over ? "not usable, " : "not valid yet, ")) +
           (over ? until : "ends " + until);
  }
  if (flag(buffer, "running")) return "usable: buffer license for key " + text(buffer, "key");
  if (usable) return "usable: file licenses";
  return style.bad("none that can be used");
}

/// A buffer never outlives the license that it bridges (SPEC BUF-6).
std::string buffer_end(const json& buffer) {
  const auto until = text(buffer, "until"), entries = text(buffer, "entries_until");
  const auto a = parse_time(until), b = parse_time(entries);
  return a && b && *b < *a ? entries : until;
}

std::string buffer_text(const json& status, const Style& style) {
  const auto& buffer = member(status, "buffer");
  if (!buffer.is_object()) return "";
  const auto end = countdown(buffer_end(buffer), text(status, "time"));
  return (end.starts_with("in ") ? style.warn("ends " + end) : style.bad(end)) +
         (buffer_end(buffer) == text(buffer, "until") ? "" : ", with the license itself") +
         "; began " + date(text(buffer, "since"));
}

std::string node_text(const json& status, const json& node, const Style& style) {
  const auto link = text(node, "link"), peer = text(status, "peer");
  std::string shown = "not linked with this node";
  if (flag(node, "self"))
    shown = "this node";
  else if (link == "up")
    shown = style.good("reachable");
  else if (peer == "holding")
    shown = style.warn("silent (" + link + "); its last report still counts");
  else if (peer == "unreachable")
    shown = style.bad("unreachable (" + link + "); its keys do not count here");
  return padded(node_name(status, text(node, "id")), 16) + shown;
}

std::string key_text(const json& status, const json& key, const Style& style) {
  const auto id = text(key, "key");
  std::string out = padded(node_name(status, text(key, "node")), 16) +
                    (id.empty() ? "(key ID not known)" : id) + "  ";
  if (flag(key, "works")) {
    out += id == text(status, "key") ? style.good("works, in use") : style.good("works");
    if (text(key, "license_stored") == "agents") out += "; the agents keep its license";
  } else {
    out += style.bad("does not work: " + text(key, "reason"));
  }
  out += "  [" + text(key, "driver") + " at " + text(key, "port") +
         (flag(key, "emulated") ? ", emulated" : "") + ", since " + date(text(key, "since")) + "]";
  for (const char* part : {"message", "detail", "cure"})
    if (!text(key, part).empty()) out += "\n" + std::string(kLabelWidth + 2, ' ') + text(key, part);
  return out;
}

std::string pools_text(const json& status, const Style& style) {
  std::string out, label = "Pools";
  for (const auto& pool : member(status, "pools"))
    out +=
        line(std::exchange(label, ""), text(pool, "object_name") + ": " + pool_text(pool, style));
  return out;
}

/// What the lines above have said already is not repeated.
std::string alerts_text(const json& status, const Style& style) {
  std::string out, label = "Alerts";
  for (const auto& alert : member(status, "alerts"))
    if (text(alert, "text") != text(status, "message"))
      out += line(std::exchange(label, ""), alert_text(alert, text(status, "time"), style)) +
             line("", "  " + text(alert, "cure"));
  return out;
}

std::string reading_text(const json& status) {
  if (flag(status, "reading")) return "a key is being read; this is the state before";
  const auto at = text(status, "read_at");
  return at.empty() ? "" : date(at);
}

/// How far license time is from this machine's clock, if a person would see it; what is wrong with
/// the clocks is an alert (SPEC TIME-2, TIME-3).
std::string clock_text(const json& status) {
  const auto& clock = member(status, "clock");
  const auto license = parse_time(text(clock, "license_time"));
  const auto wall = parse_time(text(clock, "wall_time"));
  if (!license || !wall || (*license - *wall < kToldSkew && *wall - *license < kToldSkew))
    return "";
  return line("Clock", "license time is " + date(text(clock, "license_time")) +
                           ", this machine's clock says " + date(text(clock, "wall_time")));
}

/// SPEC SRV-5; nothing when it serves this machine alone.
std::string server_text(const json& status) {
  const auto& server = member(status, "server");
  if (text(server, "state") != "listening") return "";
  return line("Server", "listening at " + text(server, "address"));
}

std::string header(const json& status, const Style& style) {
  return style.bold("Latchkey on " + text(member(status, "node"), "name")) + "  " +
         date(text(status, "time")) + "  agent " + text(status, "version") + "\n";
}

}  // namespace

std::string keys_text(const json& status, const Style& style) {
  const auto& keys = member(status, "keys");
  if (keys.empty()) return line("Keys", "none plugged in");
  std::string out, label = "Keys";
  for (const auto& key : keys) {
    out += line(label, key_text(status, key, style));
    label.clear();
  }
  return out;
}

std::string nodes_text(const json& status, const Style& style) {
  // By name: the agent has them by id, which is in another order on each deployment.
  std::multimap<std::string, json> nodes;
  for (const auto& node : member(member(status, "deployment"), "nodes"))
    nodes.emplace(text(node, "name"), node);
  std::string out, label = "Nodes";
  for (const auto& [name, node] : nodes) {
    out += line(label, node_text(status, node, style));
    label.clear();
  }
  return out;
}

std::string forecast_text(const json& status) {
  const auto& removal = member(status, "if_removed_now");
  if (text(status, "key").empty())
    return "No key is in use, so there is none whose removal would start a buffer.";
  if (!removal.is_object())
    return "If removed now: no buffer, because the key's license has nothing left to bridge.";
  const auto end = parse_time(text(removal, "until")), now = parse_time(text(status, "time"));
  const bool left = end && now && *end > *now;
  return "If removed now: buffer until " + date(text(removal, "until")) + " (" +
         (left ? in_words(*end - *now) : "0 days: it inherits a buffer that is over") + ").";
}

std::string status_text(const json& status, const Style& style) {
  std::string out = header(status, style);
  out += line("State", coloured_state(status, style));
  out += line("", text(status, "message"));
  out += line("To do", style.bold(text(status, "cure")));
  out += line("License", license_text(status, style));
  out += line("Buffer", buffer_text(status, style));
  if (!text(status, "key").empty()) out += line("", forecast_text(status));
  out += pools_text(status, style);
  out += nodes_text(status, style) + server_text(status);
  out += keys_text(status, style) + line("Last read", reading_text(status));
  out += clock_text(status);
  if (flag(status, "emulated_port"))
    out +=
        line("Warning", style.warn("this agent takes keys from an emulated port: for tests only"));
  return out + alerts_text(status, style);
}

std::string change_text(const json& status, const Style& style) {
  std::string out = coloured_state(status, style);
  const auto key = text(status, "key");
  const auto& buffer = member(status, "buffer");
  if (!key.empty()) out += "  key " + key;
  if (buffer.is_object()) out += "  buffer until " + date(buffer_end(buffer));
  if (!flag(status, "usable")) out += "  " + style.bad("license not usable");
  const auto peer = text(status, "peer");
  if (!peer.empty() && peer != "none") out += "  peer " + peer;
  if (flag(status, "reading")) out += "  reading";
  return out;
}

std::string status_line(const json& status, const Style& style) {
  return text(status, "time") + "  " + change_text(status, style);
}

int status_exit_code(const json& status) {
  if (!flag(status, "usable")) return kNotUsable;
  // It lives on file licenses: no key is missing.
  if (text(status, "reason") == "never-inserted") return kOk;
  const auto state = text(status, "state");
  if (state == "Missing") return kMissing;
  if (state == "Abnormal") return kAbnormal;
  return state == "Fault" ? kFault : kOk;
}

}  // namespace latchkey::cli
