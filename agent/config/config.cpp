#include "agent/config/config.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include "core/base/host_port.h"
#include "core/base/toml_table.h"
#include "core/pool/lease.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxFile = 256 * 1024;
constexpr std::int64_t kMaxBlock = 1'000'000, kMaxIdle = 86'400;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "node";
  return name.data();
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> out{};
  return ::inet_pton(AF_INET, text.c_str(), out.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), out.data()) == 1;
}

void read_node(TableReader reader, Config::Node& node) {
  reader.text("name", node.name);
  reader.refuse_unknown();
}

void read_api(TableReader reader, Config::Api& api) {
  reader.path("socket", api.socket);
  reader.text("viewer_group", api.viewer_group);
  reader.text("admin_group", api.admin_group);
  reader.text("consumer_group", api.consumer_group);
  reader.refuse_unknown();
}

void read_keys(TableReader reader, Config::Keys& keys) {
  reader.duration("settle_s", 0, 60, keys.settle);
  reader.duration("rescan_s", 1, 3600, keys.rescan);
  reader.flag("udev", keys.udev);
  reader.path("emulated_port", keys.emulated_port);
  reader.duration("call_deadline_ms", 100, 60'000, keys.call_deadline);
  reader.path("piv_management_keys", keys.piv_management_keys);
  if (!keys.piv_management_keys.empty()) {
    if (auto loaded = piv::ManagementKeys::load(keys.piv_management_keys))
      keys.management_keys = *std::move(loaded);
    else
      reader.refuse("piv_management_keys", loaded.error());
  }
  reader.refuse_unknown();
}

void read_leases(TableReader reader, Config::Leases& leases) {
  reader.duration("least_ttl_s", 1, 3600, leases.least_ttl);
  reader.refuse_unknown();
}

void read_trust(TableReader reader, Config::Trust& trust) {
  reader.paths("roots", trust.roots);
  reader.path("bundle", trust.bundle);
  reader.path("dir", trust.dir);
  reader.refuse_unknown();
}

void read_catalog(TableReader reader, Config::Catalog& catalog) {
  reader.path("file", catalog.file);
  reader.refuse_unknown();
}

void read_peer(TableReader reader, Config::Peer& peer) {
  reader.endpoint("listen", peer.listen);
  reader.endpoint("advertise", peer.advertise);
  reader.duration("hold_s", 1, 3600, peer.hold);
  reader.refuse_unknown();
}

void read_server(TableReader reader, Config::Server& server) {
  reader.endpoint("listen", server.listen);
  reader.text("vip", server.vip);
  if (!server.vip.empty() && !is_address(server.vip))
    reader.refuse("vip", {"", server.vip + " is no IPv4 or IPv6 address",
                          "write it as 192.0.2.10 or 2001:db8::10, without a mask"});
  reader.path("certificate", server.certificate);
  reader.path("key", server.key);
  reader.texts("names", server.names);
  reader.duration("site_grace_s", 4, kMaxTtl, server.site_grace);
  if (server.certificate.empty() != server.key.empty())
    reader.refuse(server.key.empty() ? "certificate" : "key",
                  {"", "stands without the other of server.certificate and server.key",
                   "give both, or neither"});
  reader.refuse_unknown();
}

/// There is no TLS on it: what passes another machine would be anybody's to read.
void read_web(TableReader reader, Config::Web& web) {
  reader.endpoint("listen", web.listen);
  if (const auto parts = split_address(web.listen);
      !web.listen.empty() && !(parts && is_loopback(parts->host)))
    reader.refuse("listen", web.listen + " is no loopback address, and the page has no TLS there",
                  "write 127.0.0.1:8280 or [::1]:8280; for other machines set server.listen");
  reader.refuse_unknown();
}

void read_upstream(TableReader reader, BlockRules& rules) {
  if (const auto block = reader.number("block", 1, kMaxBlock))
    rules.block = static_cast<std::uint64_t>(*block);
  if (const auto mark = reader.number("low_water", 0, kMaxBlock))
    rules.low_water = static_cast<std::uint64_t>(*mark);
  if (const auto idle = reader.number("idle_s", 1, kMaxIdle))
    rules.idle_s = static_cast<std::uint32_t>(*idle);
  reader.refuse_unknown();
}

void read_log(TableReader reader, log::Level& level) {
  reader.choice<log::Level>("level",
                            {{"debug", log::Level::debug},
                             {"info", log::Level::info},
                             {"warning", log::Level::warning},
                             {"error", log::Level::error}},
                            level);
  reader.refuse_unknown();
}

Config read_all(const toml::table& root, const std::string& file, FileProblems& problems) {
  Config config;
  config.node.name = host_name();
  TableReader top(&root, "", file, problems);
  const auto room = [&](std::string_view name) {
    return TableReader(top.table(name), std::string(name) + ".", file, problems);
  };
  top.path("state_dir", config.state_dir);
  read_node(room("node"), config.node);
  read_api(room("api"), config.api);
  read_keys(room("keys"), config.keys);
  read_leases(room("leases"), config.leases);
  read_trust(room("trust"), config.trust);
  read_catalog(room("catalog"), config.catalog);
  read_peer(room("peer"), config.peer);
  read_server(room("server"), config.server);
  read_web(room("web"), config.web);
  read_upstream(room("upstream"), config.upstream);
  read_log(room("log"), config.log_level);
  top.refuse_unknown();
  return config;
}

/// Nothing when it cannot be read or is too large.
std::optional<std::string> contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (!stream.is_open() || stream.bad() || text.size() > kMaxFile) return std::nullopt;
  return text;
}

FileProblem unreadable(const std::filesystem::path& file) {
  return {file.string(), 0, "", "cannot be read or is larger than 256 KiB",
          "check that it exists and is readable"};
}

/// The problems of the catalogue, each with its line there.
void load_catalog(Config::Catalog& catalog, FileProblems& problems) {
  if (catalog.file.empty()) return;
  const auto text = contents(catalog.file);
  if (!text) return problems.push_back(unreadable(catalog.file));
  if (auto parsed = parse_catalog(*text, catalog.file.string()))
    catalog.content = *std::move(parsed);
  else
    std::ranges::move(parsed.error(), std::back_inserter(problems));
}

}  // namespace

ConfigResult parse_config(std::string_view toml, const std::string& file) {
  Config config;
  auto problems = read_toml(toml, file, [&](const toml::table& root, FileProblems& found) {
    config = read_all(root, file, found);
  });
  load_catalog(config.catalog, problems);
  if (problems.empty()) return config;
  return tl::make_unexpected(std::move(problems));
}

ConfigResult load_config(const std::filesystem::path& file) {
  const auto text = contents(file);
  if (!text) return tl::make_unexpected(FileProblems{unreadable(file)});
  return parse_config(*text, file.string());
}

std::vector<std::string> needs_restart(const Config& running, const Config& wanted) {
  std::vector<std::string> keys;
  const auto note = [&keys](bool same, const char* key) {
    if (!same) keys.emplace_back(key);
  };
  note(running.state_dir == wanted.state_dir, "state_dir");
  note(running.node == wanted.node, "node.name");
  note(running.api == wanted.api, "api");
  note(running.keys.settle == wanted.keys.settle, "keys.settle_s");
  note(running.keys.udev == wanted.keys.udev, "keys.udev");
  note(running.keys.emulated_port == wanted.keys.emulated_port, "keys.emulated_port");
  note(running.keys.call_deadline == wanted.keys.call_deadline, "keys.call_deadline_ms");
  note(running.keys.piv_management_keys == wanted.keys.piv_management_keys &&
           running.keys.management_keys == wanted.keys.management_keys,
       "keys.piv_management_keys");
  note(running.leases == wanted.leases, "leases");
  note(running.peer == wanted.peer, "peer");
  note(running.server.listen == wanted.server.listen && running.server.vip == wanted.server.vip,
       "server.listen, server.vip");
  note(running.server.site_grace == wanted.server.site_grace, "server.site_grace_s");
  note(running.web == wanted.web, "web");
  note(running.upstream == wanted.upstream, "upstream");
  return keys;
}

}  // namespace latchkey
