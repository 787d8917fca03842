#include "core/base/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace latchkey {
namespace {

using nlohmann::json;

tl::unexpected<Error> invalid(std::string message) {
  return fail("invalid-format", std::move(message), "Obtain the file again; it may be damaged.");
}

/// Follows a parse and notes what nlohmann::json itself would let pass.
class Watch {
 public:
  explicit Watch(int max_depth) : max_depth_(max_depth) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      too_deep_ |= depth >= max_depth_;
      names_.push_back(0);
    } else if (event == Event::key) {
      ++names_.back();
    } else if (event == Event::object_end || event == Event::array_end) {
      // Of members with one name only one is left.
      repeated_ |= event == Event::object_end && parsed.size() != names_.back();
      names_.pop_back();
    }
    return !too_deep_;
  }

  bool too_deep() const { return too_deep_; }
  bool repeated() const { return repeated_; }

 private:
  int max_depth_;
  std::vector<std::size_t> names_;  ///< how many were read, of each open object or array
  bool too_deep_ = false;
  bool repeated_ = false;
};

bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_:").find(c) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// `text` of 1 to `max` bytes that `fits`, or null.
const std::string* text_in(const json& value, std::size_t max, bool (*fits)(std::string_view)) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr && !text->empty() && text->size() <= max && fits(*text) ? text : nullptr;
}

}  // namespace

Result<json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    return invalid("Larger than " + std::to_string(limits.bytes) + " bytes.");
  // nlohmann takes a NUL for the end of the text and would never look behind it.
  if (text.find('\0') != std::string_view::npos) return invalid("Not JSON.");
  Watch watch(limits.depth);
  auto value = json::parse(text.begin(), text.end(), std::ref(watch), /*allow_exceptions=*/false);
  if (watch.too_deep()) return invalid("Nested too deeply.");
  if (value.is_discarded()) return invalid("Not JSON.");
  if (watch.repeated()) return invalid("A member appears twice.");
  return value;
}

JsonObject::JsonObject(const json& value) : value_(value) {
  if (!value_.is_object()) fault_ = "not an object";
}

bool JsonObject::has(std::string_view name) const {
  return value_.is_object() && value_.contains(name);
}

const json* JsonObject::find(std::string_view name) {
  asked_.emplace_back(name);
  if (has(name)) return &value_.at(std::string(name));
  reject(name, "missing");
  return nullptr;
}

void JsonObject::reject(std::string_view name, std::string_view why) {
  if (fault_.empty()) fault_ = std::string(name) + ": " + std::string(why);
}

std::string JsonObject::text(std::string_view name, std::size_t max) {
  const auto* value = find(name);
  if (value == nullptr) return {};
  const auto* text = text_in(*value, max, is_printable);
  if (text == nullptr) reject(name, "not a text of the allowed size");
  return text != nullptr ? *text : std::string();
}

std::string JsonObject::name(std::string_view name, std::size_t max) {
  const auto* value = find(name);
  if (value == nullptr) return {};
  const auto* text = text_in(*value, max, is_name);
  if (text == nullptr) reject(name, "not of letters, digits and `.-_:`, or too long");
  return text != nullptr ? *text : std::string();
}

std::uint64_t JsonObject::number(std::string_view name, std::uint64_t min, std::uint64_t max) {
  const auto* value = find(name);
  const auto* number = value != nullptr ? value->get_ptr<const std::uint64_t*>() : nullptr;
  if (number != nullptr && *number >= min && *number <= max) return *number;
  reject(name, "not a whole number in range");
  return min;
}

Time JsonObject::time(std::string_view name) {
  const auto time = parse_time(text(name, 32));
  if (!time) reject(name, "not a UTC time");
  return time.value_or(Time{});
}

std::string JsonObject::hex(std::string_view name, std::size_t count) {
  auto text = this->text(name, count * 2);
  const bool lower = std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'F'; });
  const bool digits = std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c); });
  if (text.size() != count * 2 || !lower || !digits) reject(name, "not the hex expected");
  return text;
}

void JsonObject::choice(std::string_view name,
                        const std::function<bool(std::string_view)>& accept) {
  if (!accept(text(name, 64))) reject(name, "not a known value");
}

void JsonObject::descend(const json& value, const std::string& path,
                         const std::function<void(JsonObject&)>& read) {
  JsonObject child(value);
  if (child.fault_.empty()) read(child);
  if (const auto result = child.finish(); !result) reject(path, child.fault_);
}

void JsonObject::object(std::string_view name, const std::function<void(JsonObject&)>& read) {
  if (const auto* value = find(name)) descend(*value, std::string(name), read);
}

void JsonObject::objects(std::string_view name, std::size_t min, std::size_t max,
                         const std::function<void(JsonObject&)>& read) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array() || value->size() < min || value->size() > max)
    return reject(name, "not a list of the allowed length");
  for (std::size_t i = 0; i < value->size(); ++i)
    descend((*value)[i], std::string(name) + "[" + std::to_string(i) + "]", read);
}

std::vector<std::string> JsonObject::names(std::string_view name, std::size_t max,
                                           std::size_t max_size) {
  std::vector<std::string> out;
  if (!has(name)) return out;
  const auto* value = find(name);
  if (!value->is_array() || value->size() > max) {
    reject(name, "not a list of the allowed length");
    return out;
  }
  for (const auto& item : *value) {
    if (const auto* text = text_in(item, max_size, is_name))
      out.push_back(*text);
    else
      reject(name, "not a list of names");
  }
  return out;
}

std::map<std::string, std::string> JsonObject::texts(std::string_view name, std::size_t max,
                                                     std::size_t max_size) {
  std::map<std::string, std::string> out;
  if (!has(name)) return out;
  const auto* value = find(name);
  if (!value->is_object() || value->size() > max) {
    reject(name, "not a map of the allowed size");
    return out;
  }
  for (const auto& item : value->items()) {
    const auto* text = text_in(item.value(), max_size, is_printable);
    if (text == nullptr || item.key().empty() || item.key().size() > 64 || !is_name(item.key()))
      reject(name, "not a map of names to texts");
    else
      out.emplace(item.key(), *text);
  }
  return out;
}

std::vector<std::string> JsonObject::members(std::size_t max, std::size_t max_size) {
  std::vector<std::string> out;
  if (!value_.is_object()) return out;
  for (const auto& item : value_.items()) out.push_back(item.key());
  const auto fits = [&](const std::string& name) {
    return !name.empty() && name.size() <= max_size && is_name(name);
  };
  if (out.size() <= max && std::ranges::all_of(out, fits)) return out;
  reject("members", "too many, or not names");
  return {};
}

Result<void> JsonObject::finish() {
  if (fault_.empty())
    for (const auto& item : value_.items())
      if (std::ranges::find(asked_, item.key()) == asked_.end())
        reject(item.key(), "not known to this version");
  if (!fault_.empty()) return invalid("Not as the format asks: " + fault_ + ".");
  return {};
}

}  // namespace latchkey
