#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/telemetry/log.h"
#include "core/base/file_problem.h"
#include "core/base/result.h"
#include "core/license/catalog.h"
#include "core/site/block_plan.h"
#include "drivers/piv/management_keys.h"

namespace latchkey {

/// The agent's configuration (docs/operations.md lists every key with its range).
struct Config {
  std::filesystem::path state_dir = "/var/lib/latchkey";
  struct Node {
    std::string name;  ///< shown to people; default: the host name
    bool operator==(const Node&) const = default;
  } node;
  struct Api {
    std::filesystem::path socket = "/run/latchkey/agent.sock";
    std::string viewer_group = "latchkey";
    std::string admin_group = "latchkey-admin";
    std::string consumer_group = "latchkey-consumer";
    bool operator==(const Api&) const = default;
  } api;
  struct Keys {
    std::chrono::seconds settle{3};   ///< SPEC KEY-11
    std::chrono::seconds rescan{30};  ///< SPEC KEY-13
    bool udev = true;
    std::filesystem::path emulated_port;  ///< empty: an emulated port is refused
    std::chrono::milliseconds call_deadline{3000};
    std::filesystem::path piv_management_keys;  ///< empty: PIV tokens are read only
    piv::ManagementKeys management_keys;        ///< what that file holds
    bool operator==(const Keys&) const = default;
  } keys;
  struct Leases {
    std::chrono::seconds least_ttl{10};  ///< that a consumer may ask for (SPEC POOL-4)
    bool operator==(const Leases&) const = default;
  } leases;
  struct Trust {
    std::vector<std::filesystem::path> roots;  ///< PEM SubjectPublicKeyInfo
    std::filesystem::path bundle;              ///< DSSE envelope; empty: none
    /// When neither of both is named: *.pub there are the roots, bundle.json is the bundle.
    std::filesystem::path dir = "/etc/latchkey/trust";
    bool operator==(const Trust&) const = default;
  } trust;
  struct Catalog {
    std::filesystem::path file;                     ///< empty: the built-in one
    latchkey::Catalog content = default_catalog();  ///< SPEC LIC-11
  } catalog;
  struct Peer {
    std::string listen;             ///< "address:port"; empty: no listener (SPEC SEC-1)
    std::string advertise;          ///< what an invitation names
    std::chrono::seconds hold{30};  ///< SPEC KEY-12
    bool operator==(const Peer&) const = default;
  } peer;
  struct Server {
    std::string listen;                 ///< "address:port"; empty: no listener (SPEC SEC-1, SRV-1)
    std::string vip;                    ///< the address that moves between the nodes; empty: none
    std::filesystem::path certificate;  ///< PEM, with its chain; empty: the deployment's own
    std::filesystem::path key;          ///< PEM; with `certificate`
    std::vector<std::string> names;     ///< further ones for the deployment's own certificate
    /// How long a client site that is not heard of keeps what it holds (SPEC SRV-3).
    std::chrono::seconds site_grace{86'400};
    bool operator==(const Server&) const = default;
  } server;
  struct Web {
    std::string listen;  ///< "address:port" of the loopback; empty: the page is on 8201 alone
    bool operator==(const Web&) const = default;
  } web;
  BlockRules upstream;  ///< how a client site draws (SPEC SRV-3)
  log::Level log_level = log::Level::info;
};

/// All problems of a file at once, never just the first; those of the files whose contents belong
/// to the configuration (keys.piv_management_keys, catalog.file) with them.
using ConfigResult = tl::expected<Config, FileProblems>;
ConfigResult parse_config(std::string_view toml, const std::string& file);
ConfigResult load_config(const std::filesystem::path& file);

/// What a reload (SIGHUP) cannot change in a running agent: the keys that differ and need a
/// restart. At run time change: keys.rescan_s, trust.*, catalog.*,
/// server.certificate, server.key, server.names, log.level.
std::vector<std::string> needs_restart(const Config& running, const Config& wanted);

}  // namespace latchkey
