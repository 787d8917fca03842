#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/latchkey/doctor.h"
#include "tools/latchkey/doctor_holders.h"
#include "tools/latchkey/json_text.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Verdict = Finding::Verdict;

constexpr const char* kStopIt = "Stop that program, then run `latchkey key refresh`.";
constexpr const char* kMakeAKey =
    "Insert the card that is the key; a new token becomes one by `latchkey-vendor prepare`.";

const json* find_port(const json& list, const std::string& port) {
  for (const auto& entry : list)
    if (text(entry, "port") == port) return &entry;
  return nullptr;
}

/// The key at a port of the agent's own node.
const json* find_key(const json& status, const std::string& port) {
  const auto self = text(member(status, "node"), "id");
  for (const auto& key : member(status, "keys"))
    if (text(key, "port") == port && text(key, "node") == self) return &key;
  return nullptr;
}

bool mentions(const fs::path& file, std::string_view word) {
  std::ifstream stream(file);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str().find(word) != std::string::npos;
}

/// Nothing when root alone may look.
std::optional<bool> has_polkit_rule(const Machine& machine) {
  bool hidden = false;
  for (const auto& dir : machine.polkit_dirs) {
    std::error_code error;
    for (fs::directory_iterator file(dir, error), end; !error && file != end; file.increment(error))
      if (mentions(file->path(), "org.debian.pcsc-lite.access_card") &&
          mentions(file->path(), "latchkey"))
        return true;
    hidden = hidden || error == std::errc::permission_denied;
  }
  if (hidden) return std::nullopt;
  return false;
}

void check_polkit(const Machine& machine, Findings& findings) {
  std::error_code error;
  if (!fs::exists(machine.polkit_policy, error)) return;
  const auto rule = has_polkit_rule(machine);
  if (!rule)
    findings.push_back({Verdict::note, "pcscd",
                        "Whether polkit lets the agent use pcscd is visible to root only.", ""});
  else if (!*rule)
    findings.push_back({Verdict::bad, "pcscd",
                        "pcscd asks polkit, which has no rule that lets the agent in.",
                        install_cure(machine, "/usr/share/polkit-1/rules.d/60-latchkey.rules",
                                     "agent/systemd/latchkey.polkit.rules",
                                     "/etc/polkit-1/rules.d/60-latchkey.rules")});
  else
    findings.push_back({Verdict::good, "pcscd", "polkit lets the agent use pcscd.", ""});
}

void check_holders(const Machine& machine, const DeviceRef& device, bool busy, Findings& findings) {
  for (const auto& holder : holders(machine.proc, device.node)) {
    const auto shown = holder.pid + " (" + holder.name + ")";
    if (holder.is_agent() || holder.is_pcscd())
      findings.push_back(
          {Verdict::good, "device", device.node + " is held by process " + shown + ".", ""});
    else
      findings.push_back({busy ? Verdict::bad : Verdict::note, "device",
                          device.node + " is held by process " + shown + ".", busy ? kStopIt : ""});
  }
}

void say_what_the_agent_said(const DeviceRef& device, const json& status, Findings& findings) {
  if (find_key(status, device.port)) return;  // check_status repeats what it says of keys
  const auto* without_key = find_port(member(status, "devices_without_key"), device.port);
  if (without_key)
    findings.push_back({Verdict::note, "device",
                        "At port " + device.port + " is no license key, says the agent: " +
                            text(*without_key, "detail") + ".",
                        kMakeAKey});
  else
    findings.push_back({Verdict::note, "device",
                        "The agent has not read the smart card at port " + device.port + " yet.",
                        "Wait for the next rescan, or run `latchkey key refresh`."});
}

void say_what_was_seen(const DeviceRef& device, const CardLook& look, Findings& findings) {
  const auto where = "the smart card at port " + device.port;
  if (!look.error) {
    findings.push_back({Verdict::good, "device",
                        "At port " + device.port + " is key " + look.key_id +
                            ", it says, through " + look.way + ".",
                        ""});
    return;
  }
  using Kind = KeyError::Kind;
  const auto said = look.error->detail + ".";  // names the way
  if (look.error->kind == Kind::not_a_key)
    findings.push_back({Verdict::note, "device",
                        "At port " + device.port + " is no license key: " + said, kMakeAKey});
  else if (look.error->kind == Kind::busy)
    findings.push_back({Verdict::bad, "device", "Another program holds " + where + ": " + said,
                        "As root, `latchkey doctor` names that program; stop it."});
  else if (look.error->kind == Kind::no_permission)
    findings.push_back({Verdict::note, "device", "You may not use " + where + ": " + said,
                        "Use root, or start the agent and ask it."});
  else
    findings.push_back({Verdict::bad, "device", "No good answer from " + where + ": " + said,
                        "Re-insert it, try another port or reader."});
}

/// PC/SC or USB; false when there is nothing more to say of this device.
bool check_way(const Machine& machine, const DeviceRef& device, Findings& findings) {
  if (!runs(machine.proc, "pcscd")) return check_rights(machine, device, findings);
  const auto serves = machine.pcscd_serves(device);
  if (serves && *serves) {  // then nobody else needs a right to the node
    findings.push_back({Verdict::good, "device",
                        "A smart card is at " + device.node + " (port " + device.port +
                            "), reached through PC/SC (pcscd).",
                        ""});
    return true;
  }
  findings.push_back({Verdict::note, "pcscd",
                      serves ? "pcscd runs, but does not serve the smart card at port " +
                                   device.port + ": it is reached over USB."
                             : "pcscd does not say whether it serves the smart card at port " +
                                   device.port + ": " + serves.error().detail + ".",
                      serves ? "" : "Use root, or see what polkit allows."});
  return check_rights(machine, device, findings);
}

}  // namespace

void check_pcscd(const Machine& machine, Findings& findings) {
  std::error_code error;
  const bool running = runs(machine.proc, "pcscd");
  if (!fs::exists(machine.pcscd_socket, error)) {
    if (running)
      findings.push_back({Verdict::bad, "pcscd",
                          "pcscd runs but has no socket " + machine.pcscd_socket.string() + ".",
                          "Restart it: systemctl restart pcscd.socket"});
    else
      findings.push_back(
          {Verdict::good, "pcscd", "pcscd does not run: smart cards are reached over USB.", ""});
    return;
  }
  findings.push_back({Verdict::good, "pcscd",
                      running
                          ? "pcscd runs: smart cards are reached through PC/SC."
                          : "pcscd is started when a program asks for it (its socket is there).",
                      ""});
  check_polkit(machine, findings);
}

void check_card(const Machine& machine, const DeviceRef& device, const AgentStatus& status,
                Findings& findings) {
  if (!check_way(machine, device, findings)) return;
  if (!status.is_null()) {
    const auto* key = find_key(status, device.port);
    check_holders(machine, device, key && text(*key, "reason") == "busy", findings);
    return say_what_the_agent_said(device, status, findings);
  }
  const auto look = machine.look(device);
  const bool busy = look.error && look.error->kind == KeyError::Kind::busy;
  check_holders(machine, device, busy, findings);
  say_what_was_seen(device, look, findings);
}

}  // namespace latchkey::cli
