#include "tools/latchkey/bundle/pick.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace latchkey::cli {
namespace {

using nlohmann::json;

bool leads_to(std::string_view path, std::string_view allowed) {
  return path.empty() ||
         (allowed.starts_with(path) && allowed.substr(path.size()).starts_with('.'));
}

class Picker {
 public:
  Picker(Allowed allowed, std::set<std::string>& left_out)
      : allowed_(allowed), left_out_(left_out) {}

  json picked(const json& value, const std::string& path) {
    if (value.is_array()) return items(value, path);
    if (value.is_object()) return members(value, path);
    return value;
  }

 private:
  bool may_tell(const json& value, const std::string& path) const {
    const bool deeper = std::ranges::any_of(
        allowed_, [&](std::string_view allowed) { return leads_to(path, allowed); });
    // Where an object is expected, null and an empty list say that there is none.
    if (deeper) return value.is_structured() || value.is_null();
    return !value.is_object() && std::ranges::find(allowed_, path) != allowed_.end();
  }
  json items(const json& list, const std::string& path) {
    json out = json::array();
    for (const auto& item : list) {
      if (may_tell(item, path))
        out.push_back(picked(item, path));
      else
        left_out_.insert(path);
    }
    return out;
  }
  json members(const json& object, const std::string& path) {
    json out = json::object();
    for (const auto& [name, value] : object.items()) {
      const auto inner = path.empty() ? name : path + "." + name;
      if (may_tell(value, inner))
        out[name] = picked(value, inner);
      else
        left_out_.insert(inner);
    }
    return out;
  }

  Allowed allowed_;
  std::set<std::string>& left_out_;
};

}  // namespace

json pick(const json& value, Allowed allowed, std::set<std::string>& left_out) {
  return value.is_object() ? Picker(allowed, left_out).picked(value, "") : json::object();
}

}  // namespace latchkey::cli
