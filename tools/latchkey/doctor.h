#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/ports.h"
#include "tools/latchkey/doctor_card_look.h"

namespace latchkey::cli {

/// One thing that `latchkey doctor` looked at.
struct Finding {
  enum class Verdict { good, note, bad };
  Verdict verdict = Verdict::good;
  std::string subject;  ///< `agent`, `rights`, `udev-rules`, `pcscd`, `device`, `key`, `peer`,
                        ///< `warning`
  std::string text;
  std::string cure;  ///< empty when there is nothing to do
};
using Findings = std::vector<Finding>;
nlohmann::json findings_json(const Findings& findings);

/// Where the machine's facts are read from; tests point it elsewhere.
struct Machine {
  std::vector<std::filesystem::path> rules_dirs{"/etc/udev/rules.d", "/run/udev/rules.d",
                                                "/usr/local/lib/udev/rules.d",
                                                "/usr/lib/udev/rules.d", "/lib/udev/rules.d"};
  std::filesystem::path packaged_rules = "/lib/udev/rules.d/60-latchkey.rules";
  /// There when the agent came as a Debian package.
  std::filesystem::path package_list = "/var/lib/dpkg/info/latchkey-agent.list";
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
  std::filesystem::path os_release = "/etc/os-release";
  std::filesystem::path client_dir = "/etc/latchkey/client";  ///< what `latchkey connect` wrote
  std::string key_group = "latchkey";  ///< to whom the udev rules give the keys
  std::string admin_group = "latchkey-admin";
  std::filesystem::path pcscd_socket = "/run/pcscd/pcscd.comm";
  /// There when this machine's pcscd asks polkit who may use its readers.
  std::filesystem::path polkit_policy = "/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy";
  std::vector<std::filesystem::path> polkit_dirs{"/etc/polkit-1/rules.d",
                                                 "/usr/share/polkit-1/rules.d"};
  std::function<CardLook(const DeviceRef&)> look = look_at_card;
  std::function<KeyResult<bool>(const DeviceRef&)> pcscd_serves = ask_pcscd;
};

/// The agent's GET /v1/status; null when no agent answers.
using AgentStatus = nlohmann::json;

void check_socket(const std::string& socket, Findings& findings);
void check_groups(const Machine& machine, Findings& findings);
/// What to do where `packaged`, a file of the package, is missing or old; without the package,
/// `source` (in the source tree) may as well be installed as `by_hand`. A sentence.
std::string install_cure(const Machine& machine, const std::filesystem::path& packaged,
                         std::string_view source, std::string_view by_hand);
/// Whether the rules that this tool was built with are installed.
void check_rules(const Machine& machine, Findings& findings);
/// Recognised devices on this machine's USB: rights, owner, who else holds them, and of smart cards
/// how they are reached and what is in them.
void check_devices(const Machine& machine, const AgentStatus& status, Findings& findings);
void check_device(const Machine& machine, const DeviceRef& device, Findings& findings);
/// What the agent said last of a smart card; only without an agent it is asked itself.
void check_card(const Machine& machine, const DeviceRef& device, const AgentStatus& status,
                Findings& findings);
/// Whether pcscd runs and lets the agent in; for a machine with smart cards.
void check_pcscd(const Machine& machine, Findings& findings);

/// The node is there and its group may use it.
bool check_rights(const Machine& machine, const DeviceRef& device, Findings& findings);
/// What the agent itself reports: state, each key's reason, the link, warnings.
void check_status(const nlohmann::json& status, Findings& findings);

}  // namespace latchkey::cli
