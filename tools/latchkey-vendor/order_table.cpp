#include "tools/latchkey-vendor/order_table.h"

#include <algorithm>
#include <sstream>

#include "tools/latchkey-vendor/options.h"

namespace latchkey::vendor {
namespace {

/// A table that only its sub-tables name has no line of its own.
int line_of(const toml::node& node) {
  return std::max(1, static_cast<int>(node.source().begin.line));
}

/// As it stands in the file, without quotes: a date may be written with or without.
std::string spelling(const toml::node& node) {
  if (const auto* quoted = node.as_string()) return quoted->get();
  std::ostringstream out;
  if (const auto* date = node.as_date()) out << *date;
  if (const auto* instant = node.as_date_time()) out << *instant;
  return out.str();
}

}  // namespace

const toml::node* OrderTable::find(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

void OrderTable::problem(const toml::node& at, std::string_view key, std::string message,
                         std::string cure) {
  auto place = prefix_ + std::string(key);
  if (place.ends_with('.')) place.pop_back();
  problems_.push_back({line_of(at), std::move(place), std::move(message), std::move(cure)});
}

void OrderTable::refuse(std::string_view key, std::string message, std::string cure) {
  const auto* node = find(key);
  problem(node == nullptr ? table_ : *node, key, std::move(message), std::move(cure));
}

void OrderTable::refuse(std::string_view key, const Error& error) {
  refuse(key, error.message, error.cure);
}

void OrderTable::require(std::string_view key, std::string cure) {
  if (find(key) == nullptr) refuse(key, "is missing.", std::move(cure));
}

std::optional<std::string> OrderTable::text(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return value->get();
  problem(*node, key, "must be text.", "Put it in quotes.");
  return std::nullopt;
}

std::optional<std::int64_t> OrderTable::number(std::string_view key, std::int64_t low,
                                               std::int64_t high) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value != nullptr && value->get() >= low && value->get() <= high) return value->get();
  problem(*node, key, "is no whole number in its range.",
          "Give " + std::to_string(low) + " to " + std::to_string(high) + ", without quotes.");
  return std::nullopt;
}

std::optional<Time> OrderTable::time(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto text = spelling(*node);
  if (text.empty()) {
    problem(*node, key, "is not a UTC time.", "Write 2026-01-31T00:00:00Z or 2026-01-31.");
    return std::nullopt;
  }
  const auto time = time_of(text, {});
  if (time) return *time;
  problem(*node, key, time.error().message, time.error().cure);
  return std::nullopt;
}

std::vector<std::string> OrderTable::texts(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return {};
  std::vector<std::string> out;
  const auto* list = node->as_array();
  if (list != nullptr)
    for (const auto& item : *list)
      if (const auto* value = item.as_string()) out.push_back(value->get());
  if (list == nullptr || out.size() != list->size())
    problem(*node, key, "must be a list of texts.", "Write [\"one\", \"two\"].");
  return out;
}

std::map<std::string, std::string> OrderTable::text_table(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return {};
  std::map<std::string, std::string> out;
  const auto* table = node->as_table();
  if (table != nullptr)
    for (const auto& [name, item] : *table)
      if (const auto* value = item.as_string()) out.emplace(name.str(), value->get());
  if (table == nullptr || out.size() != table->size())
    problem(*node, key, "must be a table of texts.", "Write { name = \"value\" }.");
  return out;
}

void OrderTable::tables(std::string_view key, std::size_t most,
                        const std::function<void(OrderTable&)>& read) {
  const auto* node = find(key);
  const auto* list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr || list->empty() || list->size() > most ||
      !list->is_homogeneous(toml::node_type::table))
    return refuse(key, "must be 1 to " + std::to_string(most) + " tables.",
                  "Begin each with [[license]], or [[license.entry]] for its entries.");
  for (std::size_t i = 0; i < list->size(); ++i) {
    OrderTable item(*list->get(i)->as_table(),
                    prefix_ + std::string(key) + "[" + std::to_string(i + 1) + "].", problems_);
    read(item);
    item.refuse_unknown();
  }
}

void OrderTable::refuse_unknown() {
  for (const auto& [key, node] : table_)
    if (!known_.contains(key.str()))
      problem(node, key.str(), "is not a known key.", "Correct its spelling or remove it.");
}

}  // namespace latchkey::vendor
