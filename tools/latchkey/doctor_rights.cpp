#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/latchkey/doctor.h"

namespace latchkey::cli {
namespace {

using Verdict = Finding::Verdict;

bool is_member(gid_t group) {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  groups.resize(static_cast<std::size_t>(
      std::max(0, ::getgroups(static_cast<int>(groups.size()), groups.data()))));
  return ::getegid() == group || std::ranges::find(groups, group) != groups.end();
}

/// Whether the group exists; notes what its membership gives the caller.
bool check_group(const std::string& name, const std::string& gives, Findings& findings) {
  const group* entry = ::getgrnam(name.c_str());
  if (entry == nullptr) {
    findings.push_back({Verdict::bad, "rights", "There is no group " + name + " on this machine.",
                        "groupadd --system " + name});
    return false;
  }
  if (::geteuid() != 0 && !is_member(entry->gr_gid))
    findings.push_back({Verdict::note, "rights",
                        "You are not in group " + name + ", which " + gives + ".",
                        "usermod -aG " + name + " USER, then log in anew; or use root."});
  return true;
}

}  // namespace

void check_socket(const std::string& socket, Findings& findings) {
  struct stat info {};
  if (::stat(socket.c_str(), &info) != 0) {
    findings.push_back({Verdict::bad, "rights",
                        "The agent's socket " + socket + ": " + std::strerror(errno) + ".",
                        errno == EACCES ? "Use root, or join the group of its directory."
                                        : "Start the agent: systemctl start latchkey-agent"});
    return;
  }
  if (!S_ISSOCK(info.st_mode)) {
    findings.push_back({Verdict::bad, "rights", socket + " is no socket.",
                        "Check api.socket in the agent's configuration, and --socket."});
    return;
  }
  if (::access(socket.c_str(), R_OK | W_OK) != 0)
    findings.push_back({Verdict::bad, "rights",
                        "You may not use the agent's socket " + socket + ".",
                        "Join the group latchkey, or use root."});
  else
    findings.push_back({Verdict::good, "rights", "You may use the agent's socket.", ""});
}

void check_groups(const Machine& machine, Findings& findings) {
  const bool viewers = check_group(machine.key_group, "may read Latchkey's state", findings);
  const bool admins = check_group(machine.admin_group, "may change it", findings);
  if (viewers && admins)
    findings.push_back(
        {Verdict::good, "rights",
         "The groups " + machine.key_group + " and " + machine.admin_group + " exist.", ""});
}

}  // namespace latchkey::cli
