#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "latchkey_udev_rules.h"
#include "tools/latchkey/doctor.h"
#include "tools/latchkey/doctor_holders.h"
#include "udev/plugged_in.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

constexpr const char* kRulesName = "60-latchkey.rules";
constexpr const char* kApplyRules = "udevadm control --reload && udevadm trigger --action=add";

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string group_name(gid_t gid) {
  const group* entry = ::getgrgid(gid);
  return entry == nullptr ? std::to_string(gid) : entry->gr_name;
}

void check_holders(const Machine& machine, const std::string& node, Findings& findings) {
  for (const auto& holder : holders(machine.proc, node)) {
    if (holder.is_agent())
      findings.push_back({Verdict::good, "device", node + " is held by the agent.", ""});
    else
      findings.push_back({Verdict::bad, "device",
                          node + " is held by process " + holder.pid + " (" + holder.name + ").",
                          "Stop that program, then run `latchkey key refresh`."});
  }
}

std::string rules_cure(const Machine& machine) {
  return install_cure(machine, machine.packaged_rules, "udev/60-latchkey.rules",
                      "/etc/udev/rules.d/60-latchkey.rules") +
         " Then: " + kApplyRules;
}

/// For rules of another version at `path`.
std::string stale_cure(const Machine& machine, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(machine.packaged_rules, error) ||
      fs::equivalent(path, machine.packaged_rules, error))
    return rules_cure(machine);
  return "Remove it: it hides " + machine.packaged_rules.string() +
         " of the package latchkey-agent. Then: " + kApplyRules;
}

}  // namespace

std::string install_cure(const Machine& machine, const fs::path& packaged, std::string_view source,
                         std::string_view by_hand) {
  std::error_code error;
  if (fs::exists(machine.package_list, error))
    return "Install the package latchkey-agent again: it carries " + packaged.string() + ".";
  return "Install the package latchkey-agent, which carries " + packaged.string() +
         "; or, of the source, " + std::string(source) + " as " + std::string(by_hand) + ".";
}

void check_rules(const Machine& machine, Findings& findings) {
  for (const auto& dir : machine.rules_dirs) {  // the first one is the one that udevd takes
    const auto path = dir / kRulesName;
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    if (contents(path) == kUdevRules)
      findings.push_back({Verdict::good, "udev-rules", path.string() + " is current.", ""});
    else
      findings.push_back({Verdict::bad, "udev-rules",
                          path.string() + " is not the one of this version.",
                          stale_cure(machine, path)});
    return;
  }
  findings.push_back({Verdict::bad, "udev-rules",
                      "The udev rules are not installed: the agent may not open keys.",
                      rules_cure(machine)});
}

bool check_rights(const Machine& machine, const DeviceRef& device, Findings& findings) {
  const std::string what = device.driver == "piv" ? "smart card" : "key";
  struct stat info {};
  if (::stat(device.node.c_str(), &info) != 0) {
    findings.push_back(
        {Verdict::bad, "device",
         "The " + what + " at port " + device.port + " has no device node " + device.node + ".",
         "Re-insert it; if that does not help, check that udevd runs."});
    return false;
  }
  const auto group = group_name(info.st_gid);
  std::ostringstream mode;
  mode << std::oct << (info.st_mode & 0777);
  const std::string shown =
      device.node + " (port " + device.port + ", group " + group + ", mode " + mode.str() + ")";
  const bool open = group == machine.key_group && (info.st_mode & 0060) == 0060;
  findings.push_back({open ? Verdict::good : Verdict::bad, "device",
                      open ? "A " + what + " is at " + shown + "."
                           : "The agent may not open the " + what + " at " + shown + ".",
                      open ? "" : std::string("With the udev rules in place: ") + kApplyRules});
  return true;
}

void check_device(const Machine& machine, const DeviceRef& device, Findings& findings) {
  if (check_rights(machine, device, findings)) check_holders(machine, device.node, findings);
}

void check_devices(const Machine& machine, const AgentStatus& status, Findings& findings) {
  const auto devices = udev::plugged_in();
  if (!devices) {
    findings.push_back({Verdict::bad, "device", devices.error().message, devices.error().cure});
    return;
  }
  const auto is_card = [](const DeviceRef& device) { return device.driver == "piv"; };
  if (std::ranges::any_of(*devices, is_card)) check_pcscd(machine, findings);
  for (const auto& device : *devices) {
    if (is_card(device))
      check_card(machine, device, status, findings);
    else
      check_device(machine, device, findings);
  }
  if (devices->empty())
    findings.push_back(
        {Verdict::note, "device", "No recognised key is on this machine's USB.", ""});
  else if (::geteuid() != 0)
    findings.push_back({Verdict::note, "device",
                        "Other users' programs that hold a key are visible to root only.", ""});
}

}  // namespace latchkey::cli
