#include "tools/latchkey/bundle/configuration.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "tools/files/files.h"

namespace latchkey::cli {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kTold = {"state_dir"sv,
                              "node.name"sv,
                              "api.socket"sv,
                              "api.viewer_group"sv,
                              "api.admin_group"sv,
                              "api.consumer_group"sv,
                              "keys.settle_s"sv,
                              "keys.rescan_s"sv,
                              "keys.udev"sv,
                              "keys.emulated_port"sv,
                              "keys.call_deadline_ms"sv,
                              "keys.piv_management_keys"sv,
                              "leases.least_ttl_s"sv,
                              "trust.dir"sv,
                              "trust.roots"sv,
                              "trust.bundle"sv,
                              "catalog.file"sv,
                              "peer.listen"sv,
                              "peer.advertise"sv,
                              "peer.hold_s"sv,
                              "server.listen"sv,
                              "server.vip"sv,
                              "server.names"sv,
                              "server.site_grace_s"sv,
                              "server.certificate"sv,
                              "server.key"sv,
                              "upstream.block"sv,
                              "upstream.low_water"sv,
                              "upstream.idle_s"sv,
                              "web.listen"sv,
                              "log.level"sv};
constexpr std::array kSecretFiles = {"keys.piv_management_keys"sv, "server.key"sv};
constexpr std::array kFiles = {"keys.piv_management_keys"sv,
                               "server.key"sv,
                               "server.certificate"sv,
                               "trust.dir"sv,
                               "trust.roots"sv,
                               "trust.bundle"sv,
                               "catalog.file"sv,
                               "api.socket"sv,
                               "keys.emulated_port"sv};

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// A number, a flag, a text, or a list of them, as TOML writes it; empty: something else.
std::string spelled(const toml::node& node) {
  std::ostringstream out;
  if (const auto* list = node.as_array()) {
    for (const auto& item : *list) {
      const auto one = spelled(item);
      if (one.empty() || item.is_array()) return {};
      out << (out.tellp() == 0 ? "[" : ", ") << one;
    }
    return list->empty() ? "[]" : out.str() + "]";
  }
  if (const auto* text = node.as_string()) out << *text;
  if (const auto* number = node.as_integer()) out << *number;
  if (const auto* flag = node.as_boolean()) out << *flag;
  return out.str();
}

class Reader {
 public:
  explicit Reader(Settings& settings) : settings_(settings) {}

  void read(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const auto name = prefix + std::string(key.str());
      if (const auto* inner = node.as_table())
        read(*inner, name + ".");
      else
        tell(name, node);
    }
  }

 private:
  void tell(const std::string& name, const toml::node& node) {
    const auto value = is_in(kTold, name) ? spelled(node) : "";
    settings_.text += value.empty() ? "# " + name + ": not told\n" : name + " = " + value + "\n";
    if (const auto* text = node.as_string()) note_path(name, text->get());
    if (const auto* list = node.as_array())
      for (const auto& item : *list)
        if (const auto* text = item.as_string()) note_path(name, text->get());
  }
  void note_path(const std::string& name, const std::string& value) {
    if (name == "state_dir") settings_.state_dir = value;
    if (is_in(kSecretFiles, name)) settings_.secrets.emplace_back(value);
    if (is_in(kFiles, name)) settings_.named.emplace_back(value);
  }

  Settings& settings_;
};

}  // namespace

std::span<const std::string_view> told_settings() { return kTold; }

Settings read_settings(std::string_view toml) {
  Settings settings;
  try {
    Reader(settings).read(toml::parse(toml), "");
    if (settings.text.empty()) settings.text = "# nothing is set: all defaults\n";
  } catch (const toml::parse_error& error) {
    // The description would quote the line.
    settings.text = "# no TOML: line " + std::to_string(error.source().begin.line) + "\n";
  }
  return settings;
}

Settings add_configuration(const std::filesystem::path& file, Bundle& bundle) {
  const auto text = tool::read_file(file);
  if (!text) {
    bundle.note("configuration.txt: " + text.error().message);
    return {};
  }
  auto settings = read_settings(*text);
  bundle.add("configuration.txt", "what " + file.string() + " sets, without its comments",
             settings.text);
  return settings;
}

}  // namespace latchkey::cli
