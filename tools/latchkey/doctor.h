#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/ports.h"

namespace latchkey::cli {

/// One thing that `latchkey doctor` looked at.
struct Finding {
  enum class Verdict { good, note, bad };
  Verdict verdict = Verdict::good;
  std::string subject;  ///< `agent`, `rights`, `udev-rules`, `device`, `key`, `peer`, `warning`
  std::string text;
  std::string cure;  ///< empty when there is nothing to do
};
using Findings = std::vector<Finding>;

/// Where the machine's facts are read from; tests point it elsewhere.
struct Machine {
  std::vector<std::filesystem::path> rules_dirs{"/etc/udev/rules.d", "/run/udev/rules.d",
                                                "/usr/local/lib/udev/rules.d",
                                                "/usr/lib/udev/rules.d", "/lib/udev/rules.d"};
  std::filesystem::path proc = "/proc";
  std::string key_group = "latchkey";  ///< to whom the udev rules give the keys
  std::string admin_group = "latchkey-admin";
};

void check_socket(const std::string& socket, Findings& findings);
void check_groups(const Machine& machine, Findings& findings);
/// Whether the rules that this tool was built with are installed.
void check_rules(const Machine& machine, Findings& findings);
/// Recognised keys on this machine's USB: rights, owner, and who else holds them.
void check_devices(const Machine& machine, Findings& findings);
void check_device(const Machine& machine, const DeviceRef& device, Findings& findings);
/// What the agent itself reports: state, each key's reason, the link, warnings.
void check_status(const nlohmann::json& status, Findings& findings);

}  // namespace latchkey::cli
