#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "latchkey_udev_rules.h"
#include "tools/latchkey/doctor.h"
#include "udev/monitor.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

constexpr const char* kRulesName = "60-latchkey.rules";
constexpr const char* kInstallRules =
    "Install udev/60-latchkey.rules to /etc/udev/rules.d, then: udevadm control --reload && "
    "udevadm trigger";

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Collector final : public udev::Observer {
 public:
  void on_added(const DeviceRef& device) override { devices.push_back(device); }
  void on_removed(const std::string&) override {}
  void on_settled() override {}
  std::vector<DeviceRef> devices;
};

std::string group_name(gid_t gid) {
  const group* entry = ::getgrgid(gid);
  return entry == nullptr ? std::to_string(gid) : entry->gr_name;
}

bool holds(const fs::path& process, const std::string& node) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code unreadable;
    if (fs::read_symlink(fd->path(), unreadable) == node && !unreadable) return true;
  }
  return false;
}

/// `PID (name)` of every process that has the node open; all of them only for root.
std::vector<std::string> holders(const fs::path& proc, const std::string& node) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto pid = entry->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || !holds(entry->path(), node))
      continue;
    auto name = contents(entry->path() / "comm");
    while (name.ends_with('\n')) name.pop_back();
    found.push_back(pid + " (" + name + ")");
  }
  return found;
}

void check_holders(const Machine& machine, const std::string& node, Findings& findings) {
  for (const auto& holder : holders(machine.proc, node)) {
    // The kernel cuts the name of a process to 15 characters.
    if (holder.find("(latchkey-agent)") != std::string::npos)
      findings.push_back({Verdict::good, "device", node + " is held by the agent.", ""});
    else
      findings.push_back({Verdict::bad, "device", node + " is held by process " + holder + ".",
                          "Stop that program, then run `latchkey key refresh`."});
  }
}

}  // namespace

void check_rules(const Machine& machine, Findings& findings) {
  for (const auto& dir : machine.rules_dirs) {  // the first one is the one that udevd takes
    const auto path = dir / kRulesName;
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    if (contents(path) == kUdevRules)
      findings.push_back({Verdict::good, "udev-rules", path.string() + " is current.", ""});
    else
      findings.push_back({Verdict::bad, "udev-rules",
                          path.string() + " is not the one of this version.", kInstallRules});
    return;
  }
  findings.push_back({Verdict::bad, "udev-rules",
                      "The udev rules are not installed: the agent may not open keys.",
                      kInstallRules});
}

void check_device(const Machine& machine, const DeviceRef& device, Findings& findings) {
  struct stat info {};
  if (::stat(device.node.c_str(), &info) != 0) {
    findings.push_back(
        {Verdict::bad, "device",
         "The key at port " + device.port + " has no device node " + device.node + ".",
         "Re-insert it; if that does not help, check that udevd runs."});
    return;
  }
  const auto group = group_name(info.st_gid);
  std::ostringstream mode;
  mode << std::oct << (info.st_mode & 0777);
  const std::string shown =
      device.node + " (port " + device.port + ", group " + group + ", mode " + mode.str() + ")";
  const bool open = group == machine.key_group && (info.st_mode & 0060) == 0060;
  findings.push_back(
      {open ? Verdict::good : Verdict::bad, "device",
       open ? "A key is at " + shown + "." : "The agent may not open the key at " + shown + ".",
       open ? "" : kInstallRules});
  check_holders(machine, device.node, findings);
}

void check_devices(const Machine& machine, Findings& findings) {
  Collector collector;
  const auto monitor = udev::Monitor::create(collector);
  if (!monitor) {
    findings.push_back({Verdict::bad, "device", monitor.error().message, monitor.error().cure});
    return;
  }
  (*monitor)->start();
  for (const auto& device : collector.devices) check_device(machine, device, findings);
  if (collector.devices.empty())
    findings.push_back(
        {Verdict::note, "device", "No recognised key is on this machine's USB.", ""});
  else if (::geteuid() != 0)
    findings.push_back({Verdict::note, "device",
                        "Other users' programs that hold a key are visible to root only.", ""});
}

}  // namespace latchkey::cli
