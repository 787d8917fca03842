#include "core/base/toml_table.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace latchkey {
namespace {

bool valid_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (!bracketed && host.find(':') != std::string_view::npos) return false;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc{} && end == port.data() + port.size() && number >= 1 && number <= 65535;
}

/// As it stands in the file, without quotes: a date may be written with or without.
std::string spelling(const toml::node& node) {
  if (const auto* quoted = node.as_string()) return quoted->get();
  std::ostringstream out;
  if (const auto* date = node.as_date()) out << *date;
  if (const auto* instant = node.as_date_time()) out << *instant;
  return out.str();
}

bool fits(const std::string& text) { return !text.empty() && text.size() <= 255; }

}  // namespace

FileProblems read_toml(std::string_view toml, const std::string& file,
                       const std::function<void(const toml::table& root, FileProblems&)>& read) {
  FileProblems problems;
  try {
    read(toml::parse(toml, file), problems);
    std::ranges::stable_sort(problems, {}, &FileProblem::line);
  } catch (const toml::parse_error& error) {
    problems.push_back({file, static_cast<int>(error.source().begin.line), "",
                        std::string(error.description()), "correct the TOML syntax"});
  }
  return problems;
}

void TableReader::problem(std::string_view key, const toml::node& node, std::string message,
                          std::string cure) {
  auto name = prefix_ + std::string(key);
  if (name.ends_with('.')) name.pop_back();  // the table itself
  // A table that only its sub-tables name has no line of its own.
  const auto line = std::max(1, static_cast<int>(node.source().begin.line));
  problems_.push_back({file_, line, std::move(name), std::move(message), std::move(cure)});
}

template <class T>
const toml::value<T>* TableReader::value(std::string_view key, std::string_view expected) {
  known_.emplace(key);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  if (node == nullptr) return nullptr;
  if (const auto* found = node->as<T>()) return found;
  problem(key, *node, "must be " + std::string(expected), "correct the value");
  return nullptr;
}

void TableReader::text(std::string_view key, std::string& out) {
  const auto* found = value<std::string>(key, "a string in quotes");
  if (found == nullptr) return;
  if (!fits(found->get()))
    problem(key, *found, "must have 1 to 255 characters", "leave the key out for its default");
  else
    out = found->get();
}

void TableReader::require(std::string_view key) {
  if (table_->get(key) == nullptr) refuse("", "has no `" + std::string(key) + "`", "add it");
}

void TableReader::path(std::string_view key, std::filesystem::path& out) {
  std::string name;
  text(key, name);
  if (name.empty()) return;
  if (name.front() != '/')
    problem(key, *table_->get(key), "must be an absolute path", "start it with a slash");
  else
    out = name;
}

const toml::array* TableReader::array(std::string_view key, std::string_view of,
                                      std::string_view example) {
  known_.emplace(key);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  if (node == nullptr) return nullptr;
  const auto* list = node->as_array();
  if (list == nullptr)
    problem(key, *node, "must be a list of " + std::string(of), "write " + std::string(example));
  return list;
}

void TableReader::paths(std::string_view key, std::vector<std::filesystem::path>& out) {
  const auto* list = array(key, "paths", "[\"/a\", \"/b\"]");
  if (list == nullptr) return;
  for (const auto& item : *list) {
    const auto* name = item.as_string();
    if (name == nullptr || !name->get().starts_with('/'))
      problem(key, item, "must hold absolute paths only",
              "write each path in quotes, from the slash");
    else
      out.emplace_back(name->get());
  }
}

void TableReader::texts(std::string_view key, std::vector<std::string>& out) {
  const auto* list = array(key, "strings", "[\"a\", \"b\"]");
  if (list == nullptr) return;
  for (const auto& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr || !fits(text->get()))
      problem(key, item, "must hold strings of 1 to 255 characters only", "correct the list");
    else
      out.push_back(text->get());
  }
}

void TableReader::text_table(std::string_view key, std::map<std::string, std::string>& out) {
  const auto* members = table(key);
  if (members == nullptr) return;
  for (const auto& [name, item] : *members) {
    const auto* text = item.as_string();
    if (text == nullptr || !fits(text->get()))
      problem(key, item, "must hold strings of 1 to 255 characters only", "correct the table");
    else
      out.emplace(name.str(), text->get());
  }
}

std::optional<Time> TableReader::time(std::string_view key) {
  known_.emplace(key);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  if (node == nullptr) return std::nullopt;
  const auto out = parse_day_or_time(spelling(*node));
  if (!out) problem(key, *node, "is not a UTC time", "write 2026-01-31T00:00:00Z or 2026-01-31");
  return out;
}

void TableReader::flag(std::string_view key, bool& out) {
  if (const auto* found = value<bool>(key, "true or false")) out = found->get();
}

void TableReader::endpoint(std::string_view key, std::string& out) {
  std::string name;
  text(key, name);
  if (name.empty()) return;
  if (!valid_endpoint(name))
    problem(key, *table_->get(key), "\"" + name + "\" is not ADDRESS:PORT",
            "write for example \"0.0.0.0:8202\" or \"[::]:8202\"");
  else
    out = name;
}

std::optional<std::int64_t> TableReader::number(std::string_view key, std::int64_t low,
                                                std::int64_t high) {
  const auto* found = value<std::int64_t>(key, "a whole number");
  if (found == nullptr) return std::nullopt;
  if (found->get() >= low && found->get() <= high) return found->get();
  problem(key, *found, "is " + std::to_string(found->get()) + ", out of range",
          "choose " + std::to_string(low) + " to " + std::to_string(high));
  return std::nullopt;
}

const toml::table* TableReader::table(std::string_view key) {
  known_.emplace(key);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  if (node == nullptr) return nullptr;
  if (const auto* found = node->as_table()) return found;
  problem(key, *node, "must be a table", "write it as [" + std::string(key) + "]");
  return nullptr;
}

void TableReader::tables(
    std::string_view key,
    const std::function<void(const std::string& name, TableReader& reader)>& read) {
  const auto* members = table(key);
  if (members == nullptr) return;
  const auto prefix = prefix_ + std::string(key) + ".";
  for (const auto& [member, node] : *members) {
    const std::string name(member.str());
    TableReader reader(node.as_table(), prefix + name + ".", file_, problems_);
    if (node.is_table())
      read(name, reader);
    else
      reader.problem("", node, "must be a table", "write it as [" + prefix + name + "]");
  }
}

void TableReader::list(std::string_view key, std::size_t most,
                       const std::function<void(TableReader& reader)>& read) {
  known_.emplace(key);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  const auto* items = node == nullptr ? nullptr : node->as_array();
  if (items == nullptr || items->empty() || items->size() > most ||
      !items->is_homogeneous(toml::node_type::table))
    return refuse(key, "must be 1 to " + std::to_string(most) + " tables",
                  "begin each with its name in double brackets");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto prefix = prefix_ + std::string(key) + "[" + std::to_string(i + 1) + "].";
    TableReader reader(items->get(i)->as_table(), prefix, file_, problems_);
    read(reader);
  }
}

void TableReader::refuse(std::string_view key, const Error& error) {
  auto message = error.message;
  if (message.ends_with('.')) message.pop_back();  // a problem is one sentence with its cure
  refuse(key, std::move(message), error.cure);
}

void TableReader::refuse(std::string_view key, std::string message, std::string cure) {
  const toml::node* node = table_->get(key);
  problem(key, node == nullptr ? *table_ : *node, std::move(message), std::move(cure));
}

void TableReader::refuse_unknown() {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_)
    if (!known_.contains(key.str()))
      problem(key.str(), node, "is not a known key", "correct its spelling or remove it");
}

}  // namespace latchkey
