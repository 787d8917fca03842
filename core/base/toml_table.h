#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/file_problem.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey {

/// Parses `toml` and hands its root to `read`, which adds what it finds wrong; a syntax error is a
/// problem like the others. They come back in the order of their lines.
FileProblems read_toml(std::string_view toml, const std::string& file,
                       const std::function<void(const toml::table& root, FileProblems&)>& read);

/// Reads one table key by key, collects every problem, and at the end refuses keys that nobody
/// asked for.
class TableReader {
 public:
  /// `table` may be null: an absent table keeps all defaults. `prefix` is "" or "keys.". `problems`
  /// outlives the reader.
  TableReader(const toml::table* table, std::string prefix, std::string file,
              FileProblems& problems)
      : table_(table), prefix_(std::move(prefix)), file_(std::move(file)), problems_(problems) {}

  bool has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }
  void text(std::string_view key, std::string& out);
  /// The absence of `key` is a problem.
  void require(std::string_view key);
  /// A list of strings, each as by text().
  void texts(std::string_view key, std::vector<std::string>& out);
  /// A table of strings.
  void text_table(std::string_view key, std::map<std::string, std::string>& out);
  /// A TOML date (its first second) or UTC date-time, or one in quotes.
  std::optional<Time> time(std::string_view key);
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
  /// Whole, within the range; null when absent or wrong.
  std::optional<std::int64_t> number(std::string_view key, std::int64_t low, std::int64_t high);
  const toml::table* table(std::string_view key);
  /// Each member of the table `key`, itself a table: its name and a reader of it.
  void tables(std::string_view key,
              const std::function<void(const std::string& name, TableReader& reader)>& read);
  /// Each table of `[[key]]`, of which there must be 1 to `most`; problems count them from 1.
  void list(std::string_view key, std::size_t most,
            const std::function<void(TableReader& reader)>& read);
  /// What `key` names was refused; as the next.
  void refuse(std::string_view key, const Error& error);
  /// Something is wrong with the value of `key`, or, when `key` is absent or empty, the table.
  void refuse(std::string_view key, std::string message, std::string cure);
  void refuse_unknown();

 private:
  /// The value of `key`, or null; a value of another type is a problem.
  template <class T>
  const toml::value<T>* value(std::string_view key, std::string_view expected);
  const toml::array* array(std::string_view key, std::string_view of, std::string_view example);
  void problem(std::string_view key, const toml::node& node, std::string message, std::string cure);

  const toml::table* table_;
  std::string prefix_;
  std::string file_;
  FileProblems& problems_;
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
