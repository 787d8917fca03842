#include "tools/latchkey/json_text.h"

#include <nlohmann/json.hpp>

#include "tools/latchkey/style.h"

namespace latchkey::cli {

const nlohmann::json& member(const nlohmann::json& object, const char* name) {
  static const nlohmann::json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

std::string text(const nlohmann::json& object, const char* name) {
  const auto& value = member(object, name);
  if (value.is_string()) return printable(value.get<std::string>());
  return value.is_number() ? value.dump() : "";
}

bool flag(const nlohmann::json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_boolean() && value.get<bool>();
}

std::string node_name(const nlohmann::json& status, const std::string& id) {
  for (const auto& node : member(member(status, "deployment"), "nodes"))
    if (text(node, "id") == id && !text(node, "name").empty()) return text(node, "name");
  return id;
}

std::string escaped(const std::string& value) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out.append("%").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return out;
}

}  // namespace latchkey::cli
