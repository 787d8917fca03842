#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey::vendor {

/// What is wrong at one place of an order.
struct OrderProblem {
  int line = 0;     ///< 1-based
  std::string key;  ///< `license[2].entry[1].unit`, counted from 1; empty: the whole file
  std::string message;
  std::string cure;
};

/// Reads one table key by key and collects every problem. What is absent or wrong reads as nothing.
class OrderTable {
 public:
  /// `prefix` is "" or "license[1]."; all arguments must outlive the reader.
  OrderTable(const toml::table& table, std::string prefix, std::vector<OrderProblem>& problems)
      : table_(table), prefix_(std::move(prefix)), problems_(problems) {}

  bool has(std::string_view key) const { return table_.contains(key); }
  std::optional<std::string> text(std::string_view key);
  std::optional<std::int64_t> number(std::string_view key, std::int64_t low, std::int64_t high);
  /// A TOML date or UTC date-time, or one in quotes, as options.h time_of() takes it.
  std::optional<Time> time(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::map<std::string, std::string> text_table(std::string_view key);
  /// `read` for each table of `[[key]]`, of which there must be 1 to `most`.
  void tables(std::string_view key, std::size_t most, const std::function<void(OrderTable&)>& read);

  /// Without `key` the order cannot be filled.
  void require(std::string_view key, std::string cure);
  /// Reported at `key`, or at the table itself if it has no such key or `key` is empty.
  void refuse(std::string_view key, std::string message, std::string cure);
  void refuse(std::string_view key, const Error& error);
  /// A misspelt key must not pass for one that was left out.
  void refuse_unknown();

 private:
  const toml::node* find(std::string_view key);
  void problem(const toml::node& at, std::string_view key, std::string message, std::string cure);

  const toml::table& table_;
  std::string prefix_;
  std::vector<OrderProblem>& problems_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace latchkey::vendor
