#pragma once

#include <toml++/toml.h>

#include <set>
#include <string>

#include "agent/config/config.h"

namespace latchkey {

/// Reads one table key by key, collects every problem, and at the end refuses keys that nobody
/// asked for.
class TableReader {
 public:
  /// `table` may be null: an absent table keeps all defaults. `prefix` is "" or "keys.".
  TableReader(const toml::table* table, std::string prefix, std::string file,
              std::vector<ConfigProblem>& problems)
      : table_(table), prefix_(std::move(prefix)), file_(std::move(file)), problems_(problems) {}

  void text(std::string_view key, std::string& out);
  void path(std::string_view key, std::filesystem::path& out);
  void paths(std::string_view key, std::vector<std::filesystem::path>& out);
  void flag(std::string_view key, bool& out);
  /// `address:port`, IPv6 in brackets, port 1..65535.
  void endpoint(std::string_view key, std::string& out);
  template <class Chrono>
  void duration(std::string_view key, std::int64_t low, std::int64_t high, Chrono& out) {
    if (const auto value = number(key, low, high)) out = Chrono(*value);
  }
  template <class Value>
  void choice(std::string_view key, std::initializer_list<std::pair<std::string_view, Value>> names,
              Value& out);
  const toml::table* table(std::string_view key);
  /// The file that `key` names was refused.
  void refuse(std::string_view key, const Error& error);
  void refuse_unknown();

 private:
  /// The value of `key`, or null; a value of another type is a problem.
  template <class T>
  const toml::value<T>* value(std::string_view key, std::string_view expected);
  std::optional<std::int64_t> number(std::string_view key, std::int64_t low, std::int64_t high);
  void problem(std::string_view key, const toml::node& node, std::string message, std::string cure);

  const toml::table* table_;
  std::string prefix_;
  std::string file_;
  std::vector<ConfigProblem>& problems_;
  std::set<std::string, std::less<>> known_;
};

template <class Value>
void TableReader::choice(std::string_view key,
                         std::initializer_list<std::pair<std::string_view, Value>> names,
                         Value& out) {
  std::string name, all;
  text(key, name);
  if (name.empty()) return;
  for (const auto& [candidate, meaning] : names) {
    if (candidate == name) {
      out = meaning;
      return;
    }
    all += (all.empty() ? "" : ", ") + std::string(candidate);
  }
  problem(key, *table_->get(key), "\"" + name + "\" is not known", "use one of: " + all);
}

}  // namespace latchkey
